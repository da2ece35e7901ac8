import NIOCore
import SnapshotModel

extension RDBSkimmer {
    /// `REDIS` and four digits, or `VALKEY` and three.
    ///
    /// Source of the second: valkey-io/valkey `src/rdb.h`, `rdbUseValkeyMagic` (01756301).
    mutating func takeMagic(_ token: RDBToken) -> Found? {
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: token.low >> UInt64(8 * $0)) } + [token.ninth]
        let engine: Engine
        let digits: ArraySlice<UInt8>
        if bytes.starts(with: "REDIS".utf8) {
            engine = .redis
            digits = bytes[5...]
        } else if bytes.starts(with: "VALKEY".utf8) {
            engine = .valkey
            digits = bytes[6...]
        } else {
            return .notReadable(.notRDB(found: bytes))
        }
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return .notReadable(.notRDB(found: bytes)) }
        format = PayloadFormat(engine: engine, rdbVersion: digits.reduce(0) { $0 * 10 + Int($1 - 0x30) })
        // Valkey numbers its own from 80 on; below that it writes the magic of Redis.
        let isOwn = engine == .redis || format.rdbVersion >= RDBValueTypes.firstOwnValkeyVersion
        guard isOwn, RDBValueTypes.supports(format) else {
            return .notReadable(.unsupportedVersion(format, newest: RDBValueTypes.newestVersion(of: engine)))
        }
        types = RDBValueTypes.actions(format)
        state = .opcode
        return .event(.header(format))
    }

    /// Begins what a byte in place of a type says.
    @inline(__always)
    mutating func begin(_ byte: UInt8) -> Found? {
        if byte < RDBOpcode.hashTemplateOrUpdate { return beginType(byte) }
        return beginOpcode(byte)
    }

    mutating func beginOpcode(_ opcode: UInt8) -> Found? {
        switch opcode {
        case RDBOpcode.expiryMilliseconds: state = .number(opcode: opcode, byteCount: 8)
        case RDBOpcode.expirySeconds: state = .number(opcode: opcode, byteCount: 4)
        case RDBOpcode.frequency: state = .number(opcode: opcode, byteCount: 1)
        case RDBOpcode.idle: state = .lengths(opcode: opcode, index: 0, first: 0, second: 0)
        case RDBOpcode.keyMetadataOrSlotImport where format.engine == .redis && format.rdbVersion >= 13:
            guard !attributes.hasMetadata else { return .fault(.attributeWithoutKey) }
            machine.begin(RDBCode.shared.keyMetadata)
            state = .held(.keyMetadata)
        default:
            guard attributes.isEmpty else { return .fault(.attributeWithoutKey) }
            return beginSection(opcode)
        }
        return nil
    }

    /// An opcode that does not belong to the next key.
    private mutating func beginSection(_ opcode: UInt8) -> Found? {
        switch opcode {
        case RDBOpcode.end:
            guard format.rdbVersion >= 5 else {
                state = .ended
                return .other
            }
            state = .checksum
            return .endOpcode
        case RDBOpcode.selectDatabase, RDBOpcode.resizeDatabase, RDBOpcode.slotInfo:
            state = .lengths(opcode: opcode, index: 0, first: 0, second: 0)
        case RDBOpcode.hashTemplateOrUpdate where format.engine == .redis && format.rdbVersion >= 15:
            state = .lengths(opcode: opcode, index: 0, first: 0, second: 0)
        case RDBOpcode.auxiliary: state = .auxiliaryName
        case RDBOpcode.function: return beginRecord(.functionLibrary, entry: RDBCode.shared.string)
        case RDBOpcode.moduleAuxiliary: return beginRecord(.moduleAuxiliary, entry: RDBCode.shared.moduleAuxiliary)
        case RDBOpcode.keyMetadataOrSlotImport
        where format.engine == .valkey && format.rdbVersion >= RDBValueTypes.firstOwnValkeyVersion:
            machine.begin(RDBCode.shared.slotImport)
            state = .held(.slotImport)
        default: return .unknownOpcode(opcode)
        }
        return nil
    }

    mutating func take(number: UInt64, of opcode: UInt8) -> Found? {
        state = .opcode
        switch opcode {
        case RDBOpcode.expiryMilliseconds:
            attributes.expiry = .at(UnixMilliseconds(Int64(bitPattern: number)))
        case RDBOpcode.expirySeconds:
            let seconds = Int32(bitPattern: UInt32(truncatingIfNeeded: number))
            attributes.expiry = .at(UnixMilliseconds(Int64(seconds) * 1000))
        default: attributes.access = .frequency(UInt8(truncatingIfNeeded: number))
        }
        return nil
    }

    mutating func take(_ token: RDBToken, index: Int, of opcode: UInt8, _ first: UInt64, _ second: UInt64) -> Found? {
        guard token.byteCount > 0 else { return .fault(.lengthEncoding) }
        guard token.isLength else { return .fault(.encodedLength) }
        let value = token.value
        switch (opcode, index) {
        case (RDBOpcode.resizeDatabase, 0), (RDBOpcode.slotInfo, 0):
            state = .lengths(opcode: opcode, index: 1, first: value, second: 0)
            return nil
        case (RDBOpcode.slotInfo, 1):
            state = .lengths(opcode: opcode, index: 2, first: first, second: value)
            return nil
        default: state = .opcode
        }
        switch opcode {
        case RDBOpcode.selectDatabase:
            guard let number = UInt32(exactly: value) else { return .fault(.number) }
            database = number
            return .event(.selectDatabase(number))
        case RDBOpcode.resizeDatabase:
            return .event(.information(.databaseSize(keyCount: first, expiringKeyCount: value)))
        case RDBOpcode.slotInfo:
            return .event(.information(.slotSize(slot: first, keyCount: second, expiringKeyCount: value)))
        case RDBOpcode.hashTemplateOrUpdate:
            machine.begin(RDBCode.shared.strings)
            state = .held(.template(id: value))
        case RDBOpcode.idle: attributes.access = .idle(seconds: value)
        default: break  // A number of Redis Enterprise.
        }
        return nil
    }

    mutating func takeChecksum(_ stored: UInt64) -> Found? {
        guard stored == 0 || stored == computedChecksum else {
            return .notReadable(.checksumMismatch(stored: stored, computed: computedChecksum, offset: offset))
        }
        checksum = stored == 0 ? .absent : .verified(stored)
        state = .ended
        return .other
    }
}
