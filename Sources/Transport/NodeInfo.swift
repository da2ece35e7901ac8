package import SnapshotModel

/// What a node is and can, as it tells itself.
///
/// Nothing here needs CONFIG or any other privileged command but INFO.
package struct NodeInfo: Sendable {
    package enum Role: String, Codable, Hashable, Sendable {
        case primary
        case replica
    }

    /// The counts of one database.
    package struct KeyspaceEntry: Codable, Hashable, Sendable {
        package var keyCount: UInt64
        package var expiringKeyCount: UInt64

        package init(keyCount: UInt64, expiringKeyCount: UInt64) {
            self.keyCount = keyCount
            self.expiringKeyCount = expiringKeyCount
        }
    }

    package let address: String
    package let engine: Engine
    package let version: ServerVersion
    /// The version as the server writes it.
    package let versionText: String
    package let runID: String?
    package let processID: Int64?
    package let role: Role
    /// Whether a replica's link to its primary is up; nil for a primary.
    package let isPrimaryLinkUp: Bool?
    /// `host:port` of a replica's primary; nil for a primary.
    package let primary: String?
    package let isLoading: Bool
    /// Bytes; 0 is no limit.
    ///
    /// Nil where INFO does not tell.
    package let maxmemory: UInt64?
    /// Such as `noeviction`; nil where INFO does not tell.
    package let maxmemoryPolicy: String?
    package let usedMemory: UInt64?
    package let evictedKeyCount: UInt64?
    package let isClusterEnabled: Bool
    package let connectedReplicaCount: Int
    package let replicationID: String?
    /// The history that it continued when it was promoted; nil or zeros if it was not.
    package let earlierReplicationID: String?
    package let replicationOffset: Int64?
    /// Databases that hold keys.
    package let keyspace: [UInt32: KeyspaceEntry]
    /// Of the commands that Rewarm asks about, those that the server has under their own names, in lower case; nil
    /// where COMMAND is forbidden, so that only the version tells.
    package let commands: Set<String>?
    /// Settings that CONFIG GET told; empty where it is forbidden.
    package let configuration: [String: String]
    /// Nil where TIME is forbidden.
    package let clock: ClockComparison?

    init(
        address: String,
        info: InfoText,
        commands: Set<String>?,
        configuration: [String: String],
        clock: ClockComparison?
    ) {
        self.address = address
        let valkeyVersion = info["valkey_version"]
        engine = valkeyVersion != nil || info["server_name"] == "valkey" ? .valkey : .redis
        versionText = valkeyVersion ?? info["redis_version"] ?? ""
        version = ServerVersion(versionText)
        runID = info["run_id"]
        processID = info.number("process_id")
        role = info["role"] == "slave" ? .replica : .primary
        isPrimaryLinkUp = info["master_link_status"].map { $0 == "up" }
        primary = info["master_host"].flatMap { host in info["master_port"].map { host + ":" + $0 } }
        isLoading = info.flag("loading") ?? false
        maxmemory = info.number("maxmemory").flatMap { UInt64(exactly: $0) }
        maxmemoryPolicy = info["maxmemory_policy"]
        usedMemory = info.number("used_memory").flatMap { UInt64(exactly: $0) }
        evictedKeyCount = info.number("evicted_keys").flatMap { UInt64(exactly: $0) }
        isClusterEnabled = info.flag("cluster_enabled") ?? false
        connectedReplicaCount = Int(info.number("connected_slaves") ?? 0)
        replicationID = info["master_replid"]
        earlierReplicationID = info["master_replid2"]
        replicationOffset = info.number("master_repl_offset")
        var keyspace: [UInt32: KeyspaceEntry] = [:]
        for name in info.names where name.hasPrefix("db") {
            guard let number = UInt32(name.dropFirst(2)), let keyCount = info.number("keys", in: name) else { continue }
            keyspace[number] = KeyspaceEntry(
                keyCount: keyCount,
                expiringKeyCount: info.number("expires", in: name) ?? 0
            )
        }
        self.keyspace = keyspace
        self.commands = commands
        self.configuration = configuration
        self.clock = clock
    }
}

extension NodeInfo {
    /// Keys in all databases.
    package var keyCount: UInt64 { keyspace.values.reduce(0) { $0 + $1.keyCount } }

    /// The newest RDB version that the server writes and loads.
    ///
    /// Versions newer than the tables get the newest entry.
    package var newestRDBVersion: Int { Self.newestRDBVersion(of: engine, version) }

    /// The same of a server that is not asked.
    package static func newestRDBVersion(of engine: Engine, _ version: ServerVersion) -> Int {
        rdbVersions(of: engine).first { version >= $0.0 }?.1 ?? 5
    }

    /// The first server version, "7.2", that loads payloads of this format.
    package static func oldestServer(loading format: PayloadFormat) -> String {
        let found = rdbVersions(of: format.engine).last { $0.1 >= format.rdbVersion }
        return found.map { "\($0.0.major).\($0.0.minor)" } ?? "of RDB version \(format.rdbVersion)"
    }

    /// Newest first.
    ///
    /// Sources: librdb src/redisver.h; valkey src/rdb.h.
    private static func rdbVersions(of engine: Engine) -> [(ServerVersion, Int)] {
        switch engine {
        case .valkey: [(ServerVersion(9, 2), 81), (ServerVersion(9), 80), (ServerVersion(7), 11)]
        default:
            [
                (ServerVersion(8, 10), 15), (ServerVersion(8, 8), 14), (ServerVersion(8, 6), 13),
                (ServerVersion(7, 4), 12), (ServerVersion(7, 2), 11), (ServerVersion(7), 10), (ServerVersion(5), 9),
                (ServerVersion(4), 8), (ServerVersion(3, 2), 7), (ServerVersion(2, 6), 6),
            ]
        }
    }

    /// Whether the server has the command under its own name, as far as COMMAND or the version tells.
    package func supports(_ capability: NodeCapability) -> Bool {
        guard version >= capability.minimumVersion(of: engine) else { return false }
        return commands?.contains(capability.commandName) ?? true
    }
}
