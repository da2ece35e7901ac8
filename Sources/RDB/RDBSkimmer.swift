import ByteCoding
package import NIOCore
package import SnapshotModel

/// Finds the records of an RDB stream without decoding them, and passes their bodies on with LZF strings unwrapped.
///
/// Give it input in pieces of any size; where they are split makes no difference to what comes out. It holds neither
/// values nor declared lengths: only a key, an auxiliary field, the metadata of a key (each bounded) and, where a stream
/// has them, the hash templates. The CRC-64 is computed on the way and compared at the end.
///
/// ```
/// header, then per record: (expiry | access | metadata)* type key value       value -> ValueMachine -> output
///                          or an opcode: database, sizes, auxiliary field, function, module data, end
/// ```
/// Source of the stream's layout: `rdbSaveRio`, `rdbLoadRioWithLoadingCtx` of redis/redis `src/rdb.c` (4f8cdc2a).
package struct RDBSkimmer: Sendable {
    package enum Mode: Hashable, Sendable {
        /// A file, or what a replica is sent.
        case stream
        /// The body of one DUMP payload: no header, no key; `endRecord`, then `end`.
        case value(format: PayloadFormat, type: UInt8)
    }

    /// Keys and fields may be as long as the servers allow (`proto-max-bulk-len`).
    package static let maximumKeyByteCount = 512 << 20
    package static let maximumMetadataByteCount = 64 << 20
    package static let maximumTemplateByteCount = 256 << 20

    var state: State
    /// Of the header, or as given for a value.
    package internal(set) var format: PayloadFormat
    /// What the type numbers of `format` mean.
    var types: [RDBTypeAction]
    /// Of the current (or last) key's value, behind metadata if there is any; `.none` for other records.
    var valueAction = RDBTypeAction.none
    var machine = ValueMachine()
    var lexer = RDBLexer()
    var text = RDBTextReader(limit: Self.maximumKeyByteCount)
    var database: UInt32 = 0
    var attributes = RecordAttributes()
    /// What a body begins with that does not stand there in the stream: metadata of the key, fields of a template.
    var prologue = ByteBuffer()
    /// What is being gathered as a whole.
    var gathered = ByteBuffer()
    var auxiliaryName = ByteBuffer()
    var templates = HashTemplates()
    /// The key of a hash whose template is not known yet.
    var referringKey = ByteBuffer()
    var meter = StreamMeter()
    var computedChecksum: UInt64 = 0
    var checksum = RDBChecksum.absent
    var failure: RDBError?
    let isValue: Bool
    let code = RDBCode.shared

    package init(mode: Mode) {
        switch mode {
        case .stream:
            format = PayloadFormat(engine: .redis, rdbVersion: 0)
            types = []
            state = .magic
            isValue = false
        case .value(let format, let type):
            self.format = format
            types = RDBValueTypes.actions(format)
            state = .valueStart(type)
            isValue = true
        }
    }

    /// Bytes used so far.
    package var offset: UInt64 { meter.offset }

    /// The data type's id of a module value or module data, once its first bytes were seen.
    package var moduleID: RDBModuleID? { machine.moduleID.map(RDBModuleID.init(rawValue:)) }

    /// The row of the current (or last) key's value, behind metadata if there is any; nil for other records.
    package var valueType: RDBValueType? { valueAction.row }

    /// The type number of the current (or last) key's value, behind metadata if there is any; nil for other records.
    package var valueTypeNumber: UInt8? { valueAction.isKnown ? valueAction.type : nil }

    /// What users call the current value: "hash", or "module:MBbloom--".
    ///
    /// Right from `endRecord` on.
    package var valueTypeName: String? {
        guard let valueType = valueAction.row else { return nil }
        guard valueType.name == "module", let moduleID else { return valueType.name }
        return "module:" + moduleID.name
    }

    /// Starts over for the body of another DUMP payload, keeping the memory it has.
    ///
    /// Cheaper than a new skimmer.
    package mutating func restart(type: UInt8) {
        precondition(isValue, "a stream cannot be started over")
        state = .valueStart(type)
        meter = StreamMeter()
        failure = nil
        valueAction = .none
        if prologue.readableBytes > 0 { prologue.clear() }
    }

    /// Goes on to the next event.
    ///
    /// Uses bytes of `input` from its reader index on, and appends body bytes of the current value to `output`, but
    /// never so that `output` has more than `outputLimit` readable bytes.
    /// - Throws: what is wrong with the stream; from then on every call throws the same.
    package mutating func next(
        _ input: inout ByteBuffer,
        into output: inout ByteBuffer,
        outputLimit: Int
    ) throws(RDBError) -> RDBEvent {
        if let failure { throw failure }
        do {
            while true {
                if let event = try advance(&input, &output, outputLimit) { return event }
            }
        } catch {
            failure = error
            throw error
        }
    }

    /// To be called at the end of the input: throws ``RDBError/truncated(offset:)`` unless the end was seen.
    package mutating func finish() throws(RDBError) {
        if let failure { throw failure }
        switch state {
        case .ended, .valueEnd: return
        default:
            let error = RDBError.truncated(offset: offset)
            failure = error
            throw error
        }
    }

    /// One move of the outer state; nil if there is more to do at once.
    private mutating func advance(
        _ input: inout ByteBuffer,
        _ output: inout ByteBuffer,
        _ outputLimit: Int
    ) throws(RDBError) -> RDBEvent? {
        switch state {
        case .body: return try passBody(&input, &output, outputLimit)
        case .prologue: return passPrologue(&output, outputLimit)
        case .valueStart(let type):
            try beginValue(type: type)
            return nil
        case .valueEnd:
            guard input.readableBytes == 0 else { throw .malformed(.trailingBytes, offset: offset) }
            state = .ended
            return .end(checksum: .absent)
        case .ended: return .end(checksum: checksum)
        case .held(let purpose): return try hold(purpose, &input)
        default: return try scan(&input)
        }
    }
}

extension RDBSkimmer {
    /// Where the reader stands between two calls.
    enum State {
        case magic
        case opcode
        /// Waits for a number of fixed width that belongs to an opcode.
        case number(opcode: UInt8, byteCount: Int)
        /// Waits for the `index`-th of the lengths that belong to an opcode.
        case lengths(opcode: UInt8, index: Int, first: UInt64, second: UInt64)
        case auxiliaryName
        case auxiliaryValue
        case key
        /// The type byte after the metadata of a key.
        case typeAfterMetadata
        /// The template's number in a hash that refers to one by a length.
        case templateReference
        /// Something that is gathered in memory by a program.
        case held(HeldPurpose)
        case prologue
        case body
        case checksum
        case valueStart(UInt8)
        case valueEnd
        case ended
    }

    enum HeldPurpose {
        case keyMetadata
        case template(id: UInt64)
        /// A slot import: gathered only to be passed over.
        case slotImport
        /// A listpack whose first entry names the template.
        case templateListpack
    }

    /// What opcodes said about the next key.
    struct RecordAttributes: Sendable {
        var expiry = Expiry.never
        var access = AccessData.none
        var hasMetadata = false

        var isEmpty: Bool { expiry == .never && access == .none && !hasMetadata }
    }
}
