package import SnapshotModel

/// How values of one type get to a server as a payload: decided once per type number, never per key.
///
/// | case | when |
/// |---|---|
/// | `asIs` | the server's versions know the type by the same number |
/// | `rewrite` | they know an older form of it, or the other engine's |
/// | `metadata` | the number only says that metadata of the key come first: the value behind decides |
/// | `unknown` | no form that the server knows can hold it |
package enum PayloadRoute: Hashable, Sendable {
    /// Byte for byte, stamped with the oldest version that knows the type.
    case asIs(version: UInt16)
    case rewrite(PayloadForm)
    case metadata(isKept: Bool)
    case unknown

    /// The oldest RDB version that a payload is stamped with, that of the first RESTORE.
    package static let oldestVersion: UInt16 = 6

    /// The route of a type of `source` to a server of `target`'s engine that loads versions up to `target`'s.
    package init(type: UInt8, from source: PayloadFormat, to target: PayloadFormat) {
        if KeyMetadata.isMarked(by: type, source) {
            self = .metadata(isKept: KeyMetadata.isMarked(by: type, target))
            return
        }
        guard let row = RDBValueTypes.row(type: type, format: source), row.isReadable, !row.refersToTemplate else {
            self = .unknown
            return
        }
        if RDBValueTypes.row(type: type, format: target) == row {
            self = .asIs(version: UInt16(max(row.minimumRDBVersion, Int(Self.oldestVersion))))
        } else if let form = Self.form(of: row, source, target) {
            self = .rewrite(form)
        } else {
            self = .unknown
        }
    }

    /// What a server loads that tells `newest` as its newest version, as far as the table of types goes.
    ///
    /// Valkey loads no version of Redis between 11 and its own first.
    package static func loadable(_ engine: Engine, newest: Int) -> PayloadFormat {
        guard engine == .valkey else {
            return PayloadFormat(engine: .redis, rdbVersion: min(newest, RDBValueTypes.newestRedisVersion))
        }
        let isOwn = newest >= RDBValueTypes.firstOwnValkeyVersion
        let version = isOwn ? min(newest, RDBValueTypes.newestValkeyVersion) : min(newest, lastCommonVersion)
        return PayloadFormat(engine: .valkey, rdbVersion: version)
    }

    /// The newest version that both engines know.
    package static let lastCommonVersion = 11

    private static func form(
        of row: RDBValueType,
        _ source: PayloadFormat,
        _ target: PayloadFormat
    ) -> PayloadForm? {
        switch row.name {
        case "list": .plainList
        case "set": .plainSet
        case "zset": target.rdbVersion >= 8 ? .plainSortedSet : .plainSortedSetOfText
        case "hash" where row.encoding.hasPrefix("template"): nil
        case "hash":
            if FieldDeadlineForm(type: row.type, format: source) == nil {
                .plainHash
            } else if target.engine == .valkey {
                target.rdbVersion >= RDBValueTypes.firstOwnValkeyVersion ? .valkeyFieldTable : .plainHash
            } else {
                target.rdbVersion >= 12 ? .redisFieldTable : .plainHash
            }
        case "stream":
            switch target.rdbVersion {
            case 11...: .stream3
            case 10: .stream2
            case 9: .stream1
            default: nil
            }
        default: nil
        }
    }
}
