/// What becomes of deadlines: `--ttl`.
package enum DeadlineMode: String, Codable, Hashable, Sendable, CaseIterable {
    /// Each key expires at the instant at which the source would have expired it.
    case deadline
    /// The time that was left at the snapshot's instant starts again when the restore starts.
    case remaining
    /// Nothing expires.
    case persist
}

/// What becomes of keys that the target already has: `--existing`.
package enum ExistingMode: String, Codable, Hashable, Sendable, CaseIterable {
    /// A target that holds keys is refused before anything is written.
    case refuse
    /// The target's key stays, the record is counted as existing.
    case skip
    /// The record replaces the target's key.
    case replace
}

/// What the user asked of a restore.
package struct RestoreOptions: Hashable, Sendable {
    package var method = RestoreMethod.commands
    /// Where the target is to come for its dataset; nil for the address that it is reached from, and a free port.
    package var listen: ListenAddress?
    /// What is shown to a target that replicates by TLS.
    package var listenCertificate: ListenCertificate?
    package var deadlineMode = DeadlineMode.deadline
    /// The largest share of a remaining life that is taken away, in percent; see `DeadlineJitter`.
    package var deadlineJitterPercent = 0
    /// Every deadline comes so much later, so that nothing expires before a drill has compared it.
    package var deadlineShiftMilliseconds: Int64 = 0
    package var existing = ExistingMode.refuse
    /// Look first which keys the target has, and send only the others.
    package var onlyMissing = false
    /// A hash of the target that keeps the client flags of Memcached's items; nil to leave them out.
    package var flagsHash: String?
    /// Empty the target before the first write.
    package var flushTarget = false
    /// Keys must match one of these, if there are any.
    package var match: [GlobPattern] = []
    /// Keys must match none of these.
    package var exclude: [GlobPattern] = []
    /// Names of types: string, list, set, zset, hash, stream, module, function, item; empty means all.
    package var types: Set<String> = []
    /// Empty means all databases, each to itself.
    package var databases: [DatabaseMapping] = []
    /// Keys per second at most; nil for no limit.
    package var keysPerSecond: Int?
    /// Bytes of commands per second at most; nil for no limit.
    package var bytesPerSecond: Int?
    /// The target's latency above which the restore slows down; nil to write as fast as the target takes it.
    package var latencyLimit: Duration?
    /// Connections that write at the same time; nil for the default.
    package var connectionCount: Int?
    /// Refuse, before anything is written, what could not be restored whole: values that the target cannot hold.
    package var isStrict = false
    /// Load what is intact of a damaged archive.
    package var salvage = false
    /// Continue an interrupted restore of the same snapshot to the same target.
    package var resumes = false
    /// How long a lost connection is tried again before the restore ends; zero for not at all.
    package var retryFor = Duration.zero
    /// Seed of the sample that is read back afterwards.
    package var sampleSeed: UInt64 = 0

    package init() {}

    /// The names that `--type` knows.
    package static let typeNames = ["string", "list", "set", "zset", "hash", "stream", "module", "function", "item"]

    /// What makes the options senseless in themselves, as a sentence for a usage error; nil if nothing does.
    package var contradiction: String? {
        if let unknown = types.sorted().first(where: { !Self.typeNames.contains($0) }) {
            return "'\(unknown)' is no type; known are \(Self.typeNames.joined(separator: ", "))"
        }
        if let contradiction = DatabaseMapping.contradiction(in: databases) { return contradiction }
        if let contradiction = contradictionOfOnlyMissing { return contradiction }
        if flagsHash?.isEmpty ?? false { return "--flags-hash needs a key: the hash that is to keep the client flags" }
        if flushTarget, existing == .skip {
            return "--existing skip keeps the keys of the target, and --flush-target removes them all"
        }
        if let contradiction = contradictionOfMethod { return contradiction }
        guard DeadlineJitter.percents.contains(deadlineJitterPercent) else {
            return "the jitter must be 0 to 100 percent of the remaining life"
        }
        if deadlineJitterPercent > 0, deadlineMode == .persist {
            return "--ttl-jitter shortens lives, and --ttl persist gives none"
        }
        if let contradiction = contradictionOfPace { return contradiction }
        if let count = connectionCount, !(1...64).contains(count) { return "connections must be 1 to 64" }
        return nil
    }

    private var contradictionOfOnlyMissing: String? {
        guard onlyMissing else { return nil }
        if existing == .replace {
            return "--only-missing leaves keys that exist alone, --existing replace replaces them"
        }
        if flushTarget { return "--only-missing is of no use for a target that --flush-target empties" }
        return method == .replication ? "--only-missing goes with --method commands" : nil
    }

    /// Whether a target that holds keys is refused.
    package var refusesKeys: Bool { existing == .refuse && !onlyMissing }

    /// What only the other method has.
    private var contradictionOfMethod: String? {
        guard method == .replication else {
            if listenCertificate != nil { return "--listen-tls-certificate goes with --method replication" }
            return listen == nil ? nil : "--listen goes with --method replication"
        }
        if existing != .refuse {
            return "--method replication replaces all that the target holds: --existing \(existing.rawValue) goes with "
                + "--method commands"
        }
        if keysPerSecond != nil || bytesPerSecond != nil { return "--rate goes with --method commands" }
        if latencyLimit != nil { return "--max-latency goes with --method commands" }
        if connectionCount != nil { return "--connections goes with --method commands" }
        if resumes { return "--resume goes with --method commands: a broken replication begins anew" }
        return nil
    }

    private var contradictionOfPace: String? {
        if let rate = keysPerSecond, rate < 1 { return "the rate must be at least 1 key per second" }
        if let rate = bytesPerSecond, rate < 1024 { return "the rate must be at least 1 KiB per second" }
        if let limit = latencyLimit, !(.milliseconds(1)...(.seconds(60))).contains(limit) {
            return "the largest latency must be 1 to 60000 milliseconds"
        }
        return nil
    }

    /// Whether only part of the snapshot is asked for, in a way that its statistics cannot tell the size of.
    package var filtersByName: Bool { !match.isEmpty || !exclude.isEmpty }
}
