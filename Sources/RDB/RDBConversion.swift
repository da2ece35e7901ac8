package import NIOCore
package import SnapshotModel

/// Whether what stands in a stream of one format may stand, byte for byte, in a stream of another.
///
/// A body does not depend on the version around it, so a value may go wherever its type number means the same.
package struct RDBConversion: Sendable {
    package let source: PayloadFormat
    package let destination: PayloadFormat
    /// By type number.
    private let isKnown: [Bool]
    /// Whether both formats are one, so that nothing has to be looked at.
    package let isIdentity: Bool
    /// The newest version that both engines write and read.
    private static let newestCommonVersion = 11

    package init(from source: PayloadFormat, to destination: PayloadFormat) {
        self.source = source
        self.destination = destination
        let isCommon = source.rdbVersion <= Self.newestCommonVersion
        let isSame = source.rdbVersion == destination.rdbVersion && (source.engine == destination.engine || isCommon)
        isIdentity = isSame
        isKnown = (0...UInt8.max).map { type in
            guard !isSame else { return true }
            guard let row = RDBValueTypes.row(type: type, format: source) else { return false }
            return RDBValueTypes.row(type: type, format: destination) == row
        }
    }

    /// The format that a version number stands for: Redis's 6 to 15, and Valkey's own from 80 on; nil for any other.
    ///
    /// Versions up to 11 are read by both engines.
    package static func format(ofVersion version: Int) -> PayloadFormat? {
        switch version {
        case 6...RDBValueTypes.newestRedisVersion: PayloadFormat(engine: .redis, rdbVersion: version)
        case RDBValueTypes.firstOwnValkeyVersion...RDBValueTypes.newestValkeyVersion:
            PayloadFormat(engine: .valkey, rdbVersion: version)
        default: nil
        }
    }

    /// The newest format that a server of `engine` loads which knows RDB versions up to `newest`, for values of `source`.
    ///
    /// The source's own where it loads that. Valkey refuses the versions of Redis above 11, and Redis those of Valkey.
    package static func format(for source: PayloadFormat, engine: Engine, newest: Int) -> PayloadFormat {
        let isOwnOfValkey = source.rdbVersion >= RDBValueTypes.firstOwnValkeyVersion
        if engine == .valkey {
            if isOwnOfValkey, newest >= RDBValueTypes.firstOwnValkeyVersion {
                return PayloadFormat(engine: .valkey, rdbVersion: min(source.rdbVersion, newest))
            }
            return PayloadFormat(engine: .redis, rdbVersion: min(source.rdbVersion, newest, newestCommonVersion))
        }
        let limit = isOwnOfValkey ? min(newestCommonVersion, newest) : newest
        return PayloadFormat(engine: .redis, rdbVersion: min(source.rdbVersion, limit))
    }

    /// Whether a stream of the destination's format can say this; hints that it cannot are left out.
    package var holdsAccessData: Bool { destination.rdbVersion >= 9 }
    package var holdsAuxiliaryFields: Bool { destination.rdbVersion >= 7 }
    package var holdsModuleAuxiliary: Bool { destination.rdbVersion >= 9 }
    package var holdsFunctions: Bool { destination.rdbVersion >= 10 }

    /// Whether metadata of keys, which no count of types tells of, would stay behind with their keys.
    package var refusesKeyMetadata: Bool {
        let type = RDBOpcode.keyMetadataOrSlotImport
        return KeyMetadata.isMarked(by: type, source) && !KeyMetadata.isMarked(by: type, destination)
    }

    /// Whether a value of this type may go along; of a key with metadata the type alone does not tell.
    @inline(__always)
    package func accepts(type: UInt8) -> Bool { isKnown[Int(type)] }

    /// What values of this type are that may not go along, "hash (listpack with deadlines)"; nil if they may.
    package func unsupportedName(type: UInt8) -> String? {
        guard !isIdentity, !accepts(type: type) else { return nil }
        guard let row = RDBValueTypes.row(type: type, format: source) else { return "type \(type)" }
        return "\(row.name) (\(row.encoding))"
    }

    /// What a value is that may not go along; nil if it may.
    ///
    /// `body` is the value's payload body, or its first chunk.
    package func unsupportedName(type: UInt8, body: ByteBuffer) -> String? {
        if isIdentity { return nil }
        var type = type
        if KeyMetadata.isMarked(by: type, source) {
            guard KeyMetadata.isMarked(by: type, destination) else { return "key with metadata" }
            guard let parts = try? KeyMetadata(body: body) else { return "key with metadata that cannot be read" }
            type = parts.type
        }
        return unsupportedName(type: type)
    }
}
