package import SnapshotModel
package import Transport

/// What is known of a target before the first write.
///
/// Gathered by `TargetSurvey`, judged by `Preflight`.
package struct TargetFacts: Hashable, Sendable {
    /// `host:port` or a socket's path.
    package var address: String
    package var engine: Engine
    package var version: String
    package var runID: String?
    /// The id of its replication history, which it presents to a primary, and of the one that it continued when it was
    /// promoted.
    package var replicationID: String?
    package var earlierReplicationID: String?
    package var isReplica = false
    package var isLoading = false
    package var isClusterNode = false
    /// The slots that a node of a cluster answers for, each [first, last]; nil where it does not tell.
    package var slotRanges: [[UInt16]]?
    /// Shards with slots in its cluster.
    package var clusterShardCount = 0
    package var connectedReplicaCount = 0
    /// The limit of `maxmemory` in bytes; nil without one.
    package var memoryLimit: UInt64?
    package var usedMemory: UInt64 = 0
    /// What an empty server of this kind uses, in bytes.
    package var startupMemory: UInt64 = 0
    /// `maxmemory_policy`, "allkeys-lru"; nil where INFO does not tell it.
    package var evictionPolicy: String?
    package var keyspace: [UInt32: NodeInfo.KeyspaceEntry] = [:]
    /// Temporary keys that interrupted restores left behind: they are removed before the first write.
    package var leftovers = StandingKeys()
    /// Databases that the plan needs and that cannot be selected.
    package var missingDatabases: [UInt32] = []
    /// nil where the server knows no functions.
    package var functionLibraryCount: Int?
    /// The newest RDB version that it loads; nil if only the trial write can tell.
    package var newestRDBVersion: Int?
    /// False where RESTORE is not there under its name, or knows no ABSTTL (before Redis 5.0).
    package var takesPayloads = true
    /// SET … PXAT (Redis 6.2).
    package var knowsSetDeadline = false
    /// PEXPIRETIME (Redis 7.0).
    package var knowsExpireTime = false
    package var largestArgumentByteCount = CommandDialect.standardLargestArgument
    package var largestStringByteCount = CommandDialect.standardLargestArgument
    /// Target minus host.
    package var clocks = ClockComparison(differenceMilliseconds: 0, uncertaintyMilliseconds: 0)
    /// The answer to a RESTORE of the archive's RDB version whose deadline has passed, so that it stores nothing; nil
    /// if that was accepted.
    package var trialError: String?
    /// The ACL rules that the user lacks for what a restore sends, `+set`; `~*` where keys are withheld.
    package var missingPermissions: [String] = []
    /// `evicted_keys` and `expired_keys` of INFO stats.
    package var evictedKeyCount: UInt64 = 0
    package var expiredKeyCount: UInt64 = 0

    /// The names of the loaded modules, "bf"; nil where the server does not tell.
    package var moduleNames: [String]?
    /// The memory of its machine, in bytes; nil where INFO does not tell.
    package var systemMemory: UInt64?
    /// Whether CONFIG GET told its settings; else the usual ones are assumed.
    package var tellsSettings = true
    /// Whether TIME told its clock.
    package var tellsTime = true
    /// A name that trial writes may use: its slot is one of the target's.
    package var trialKey = "rewarm:trial"
    /// Whether it knows REPLICAOF under that name.
    package var canReplicate = true
    /// `tls-replication yes`; nil where the server does not tell.
    package var usesTLSForReplication: Bool?
    /// `repl-diskless-load`; nil where the server does not know or tell it.
    package var disklessLoad: String?
    /// `host:port` of the primary of a replica.
    package var primary: String?
    /// Whether a replica's link to its primary is up.
    package var isPrimaryLinkUp = false
    /// What a Memcached server tells beside all this; nil for Redis and Valkey.
    package var itemStore: ItemStoreFacts?
    /// What another run told this target and did not undo, and whether that run is alive.
    package var attachment: Attachment?
    package var isAttachedByLiveRun = false

    package init(address: String, engine: Engine, version: String) {
        self.address = address
        self.engine = engine
        self.version = version
    }

    /// Whether a killed run left the target attached, nobody is at the other end, and its data is to go anyway.
    package func isDetachable(_ options: RestoreOptions) -> Bool {
        attachment != nil && isReplica && !isAttachedByLiveRun && !isPrimaryLinkUp && options.flushTarget
    }

    package var keyCount: UInt64 { keyspace.values.reduce(0) { $0 + $1.keyCount } }

    /// Keys that are no leftovers of a restore.
    package var usersKeyCount: UInt64 { keyCount - min(keyCount, UInt64(leftovers.places.count)) }

    /// Whether the policy throws keys away when memory is short.
    package var evicts: Bool { memoryLimit != nil && evictionPolicy.map { $0 != "noeviction" } ?? false }

    /// Whether a value of a module that it does not have only makes RESTORE fail.
    ///
    /// Before Redis 6.2 it ends the server: `exit(1)` in rdbLoadObject, tried on 5.0.14. One with modules is trusted to
    /// have those that it needs.
    var survivesUnknownModules: Bool {
        engine != .redis || ServerVersion(version) >= ServerVersion(6, 2) || !(moduleNames ?? []).isEmpty
    }
}
