import RESP

/// What an answer of the target other than OK says about one record.
package struct ReplyVerdict: Hashable, Sendable {
    package var recordClass: RestoreAccounting.Class
    package var reason: RestoreReason?
    /// Whether no further command can succeed either, so that the run ends here.
    package var endsRun: Bool

    /// Judges any answer but OK; `typeName` is the record's type.
    init(_ reply: RESPValue, typeName: String) {
        switch reply {
        case .null: self = .existing
        case .error(let error): self.init(error: error.text, typeName: typeName)
        default: self = .unexpected
        }
    }

    /// Judges an error reply, "BUSYKEY Target key name already exists."; `typeName` is the record's type.
    package init(error text: some StringProtocol, typeName: String) {
        let word = text.prefix { $0 != " " }
        switch word {
        case "BUSYKEY": self.init(.existing)
        case "OOM": self.init(.failed, .outOfMemory, endsRun: true)
        case "READONLY": self.init(.failed, .readOnly, endsRun: true)
        case "MISCONF": self.init(.failed, .misconfigured, endsRun: true)
        case "NOREPLICAS": self.init(.failed, .noReplicas, endsRun: true)
        case "LOADING", "BUSY", "MASTERDOWN": self.init(.failed, .loading, endsRun: true)
        case "NOPERM", "NOAUTH": self.init(.failed, .notPermitted, endsRun: true)
        case "MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN", "CROSSSLOT": self.init(.failed, .cluster, endsRun: true)
        default: self.init(otherError: text, typeName: typeName)
        }
    }

    /// Nil reply of `SET … NX`: the key exists.
    package static let existing = Self(.existing)
    /// Neither OK nor an error.
    package static let unexpected = Self(.failed, .unexpectedReply)

    init(_ recordClass: RestoreAccounting.Class, _ reason: RestoreReason? = nil, endsRun: Bool = false) {
        self.recordClass = recordClass
        self.reason = reason
        self.endsRun = endsRun
    }

    /// Errors whose first word is only ERR (redis:src/cluster.c restoreCommand, valkey:src/cluster.c).
    private init(otherError text: some StringProtocol, typeName: String) {
        let unknownTypeTexts = ["Bad data format", "Unsupported foreign data type", "payload version or checksum"]
        if unknownTypeTexts.contains(where: { text.contains($0) }) {
            self.init(.unsupported, .unknownType(typeName))
        } else if text.contains("invalid bulk length") || text.contains("exceeds maximum allowed size") {
            self.init(.unsupported, .tooLarge(typeName))
        } else {
            self.init(.failed, .otherError)
        }
    }
}
