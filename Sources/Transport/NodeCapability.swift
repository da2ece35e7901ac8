import SnapshotModel

/// Something that only some servers can, or that operators rename away.
package enum NodeCapability: String, Hashable, Sendable, CaseIterable {
    case psync
    case sync
    case replconf
    case dump
    case restore
    /// `RESTORE … ABSTTL`, `IDLETIME` and `FREQ`.
    case restoreAbsoluteTTL
    case pexpireTime
    /// `SET … PXAT`.
    case setPXAT
    case scan
    case functions
    case objectIdleTime
    case time
    case config
    case debug
    case flushAll
    case multi
    case clientNoTouch
    case hashFieldExpiry
    case replicaOf

    /// The command, in lower case, that must be there under its own name.
    package var commandName: String {
        switch self {
        case .restoreAbsoluteTTL: "restore"
        case .pexpireTime: "pexpiretime"
        case .setPXAT: "set"
        case .functions: "function"
        case .objectIdleTime: "object"
        case .flushAll: "flushall"
        case .clientNoTouch: "client"
        case .hashFieldExpiry: "hpexpiretime"
        case .replicaOf: "replicaof"
        default: rawValue
        }
    }

    /// Sources: the `since` fields and histories of redis src/commands/*.json.
    func minimumVersion(of engine: Engine) -> ServerVersion {
        switch self {
        case .psync, .scan: ServerVersion(2, 8)
        case .restoreAbsoluteTTL, .replicaOf: ServerVersion(5)
        case .setPXAT: ServerVersion(6, 2)
        case .pexpireTime, .functions: ServerVersion(7)
        case .clientNoTouch: ServerVersion(7, 2)
        case .hashFieldExpiry: engine == .valkey ? ServerVersion(9) : ServerVersion(7, 4)
        default: ServerVersion(2, 6)
        }
    }
}
