import ByteCoding
package import NIOCore
import RDB
import RESP
import SnapshotModel
package import Transport

/// Asks a target for what `Preflight` judges.
///
/// Writes nothing.
package enum TargetSurvey {
    private static let clockSampleCount = 5
    /// A key of this name is tried to be restored with a deadline in 1970: the server checks everything that it checks
    /// for a real write, answers OK and stores nothing.
    private static let trialKey = "rewarm:trial:7f3a2c0d"
    /// Names tried for one whose slot the node has; a node with one slot of all needs 16,384 on average.
    private static let trialKeyLimit = 200_000

    /// `databases` are those that the restore would write to; `rdbVersion` is what payloads would be stamped with.
    package static func survey(
        _ connection: NodeConnection,
        databases: [UInt32],
        rdbVersion: UInt16,
        method: RestoreMethod = .commands
    ) async throws(TransportError) -> TargetFacts {
        let node = try await connection.probe()
        let memory = try await connection.info("memory")
        let statistics = try await connection.info("stats")
        var facts = TargetFacts(address: node.address, engine: node.engine, version: node.versionText)
        facts.runID = node.runID
        facts.replicationID = node.replicationID
        facts.earlierReplicationID = node.earlierReplicationID
        facts.isReplica = node.role == .replica
        facts.primary = node.primary
        facts.canReplicate = node.supports(.replicaOf)
        facts.isPrimaryLinkUp = node.isPrimaryLinkUp ?? false
        facts.usesTLSForReplication = node.configuration["tls-replication"].map { $0 == "yes" }
        facts.disklessLoad = node.configuration["repl-diskless-load"]
        facts.isLoading = node.isLoading
        facts.isClusterNode = node.isClusterEnabled
        facts.connectedReplicaCount = node.connectedReplicaCount
        facts.memoryLimit = node.maxmemory.flatMap { $0 > 0 ? $0 : nil }
        facts.usedMemory = node.usedMemory ?? 0
        facts.startupMemory = memory.number("used_memory_startup").flatMap { UInt64(exactly: $0) } ?? 0
        facts.evictionPolicy = node.maxmemoryPolicy
        facts.keyspace = node.keyspace
        facts.newestRDBVersion = node.newestRDBVersion
        facts.knowsSetDeadline = node.supports(.setPXAT)
        facts.knowsExpireTime = node.supports(.pexpireTime)
        facts.largestArgumentByteCount = largestArgument(node.configuration)
        facts.largestStringByteCount = largestString(node.configuration)
        facts.clocks = node.clock ?? facts.clocks
        facts.tellsTime = node.clock != nil
        facts.tellsSettings = !node.configuration.isEmpty
        facts.systemMemory = memory.number("total_system_memory").flatMap { UInt64(exactly: $0) }
        facts.evictedKeyCount = statistics.number("evicted_keys").flatMap { UInt64(exactly: $0) } ?? 0
        facts.expiredKeyCount = statistics.number("expired_keys").flatMap { UInt64(exactly: $0) } ?? 0
        guard !facts.isLoading else { return facts }
        facts.moduleNames = try await moduleNames(connection)
        if facts.isClusterNode, let layout = try await connection.clusterLayout() {
            facts.slotRanges = layout.ownSlotRanges
            facts.clusterShardCount = layout.shardCount
        }
        if node.supports(.functions) { facts.functionLibraryCount = try await functionLibraryCount(connection) }
        facts.missingDatabases = try await missingDatabases(connection, databases)
        let trialKey = trialKey(slotRanges: facts.slotRanges)
        facts.trialKey = trialKey
        let rdbVersion = try await tryPayloads(connection, key: trialKey, rdbVersion: rdbVersion, &facts)
        facts.missingPermissions = try await missingPermissions(
            connection,
            key: trialKey,
            rdbVersion: rdbVersion,
            functions: node.supports(.functions),
            expireTime: facts.knowsExpireTime,
            replication: method == .replication && facts.canReplicate
        )
        // In import mode a Valkey keeps what has expired, so that the trial did store its key.
        if node.configuration["import-mode"] == "yes" { _ = try await connection.reply(to: ["DEL", .text(trialKey)]) }
        return facts
    }

    /// The target's clock, by the quickest of several TIME commands.
    ///
    /// - Returns: nil where TIME is forbidden
    package static func clock(_ connection: NodeConnection) async throws(TransportError) -> TargetClock? {
        var best: (roundTrip: Duration, clock: TargetClock)?
        for _ in 0..<clockSampleCount {
            let before = ContinuousClock.now
            let reply = try await connection.reply(to: ["TIME"])
            let roundTrip = before.duration(to: .now)
            guard let parts = reply.elements, parts.count == 2, let seconds = parts[0].integer,
                let microseconds = parts[1].integer
            else { return nil }
            if best.map({ roundTrip < $0.roundTrip }) ?? true {
                let told = UnixMilliseconds(seconds * 1000 + microseconds / 1000)
                best = (roundTrip, TargetClock(told: told, at: before.advanced(by: roundTrip / 2)))
            }
        }
        return best?.clock
    }

    /// What one argument of a command may have: its own limit, and that of the buffer which holds it whole.
    private static func largestArgument(_ configuration: [String: String]) -> Int {
        let buffer = configuration["client-query-buffer-limit"].flatMap { Int($0) } ?? .max
        return min(largestString(configuration), buffer - min(CommandDialect.queryBufferReserve, buffer / 8))
    }

    private static func largestString(_ configuration: [String: String]) -> Int {
        configuration["proto-max-bulk-len"].flatMap { Int($0) } ?? CommandDialect.standardLargestArgument
    }

    /// MODULE LIST answers with names and versions, as pairs or as maps.
    private static func moduleNames(_ connection: NodeConnection) async throws(TransportError) -> [String]? {
        try await connection.reply(to: ["MODULE", "LIST"]).elements?.compactMap { module in
            let words = module.elements?.map { $0.text ?? "" } ?? []
            return words.firstIndex(of: "name").flatMap { words.indices.contains($0 + 1) ? words[$0 + 1] : nil }
        }.sorted()
    }

    private static func functionLibraryCount(_ connection: NodeConnection) async throws(TransportError) -> Int? {
        try await connection.reply(to: ["FUNCTION", "LIST"]).elements?.count
    }

    /// Tries SELECT, which works where CONFIG is forbidden; the connection ends up in database 0.
    private static func missingDatabases(
        _ connection: NodeConnection,
        _ databases: [UInt32]
    ) async throws(TransportError) -> [UInt32] {
        var missing: [UInt32] = []
        for database in databases {
            let reply = try await connection.reply(to: ["SELECT", .number(Int64(database))])
            if let error = reply.error, Self.saysMissing(error.text) { missing.append(database) }
        }
        if !databases.isEmpty { _ = try await connection.reply(to: ["SELECT", 0]) }
        return missing
    }

    /// "ERR DB index is out of range", "ERR invalid DB index", "ERR SELECT is not allowed in cluster mode".
    private static func saysMissing(_ text: String) -> Bool {
        ["out of range", "invalid DB", "cluster mode"].contains { text.contains($0) }
    }

    /// A name whose slot the node has, as far as it is in a cluster and tells its slots.
    private static func trialKey(slotRanges: [[UInt16]]?) -> String {
        guard let slotRanges, !slotRanges.isEmpty else { return trialKey }
        let names = (0..<trialKeyLimit).lazy.map { "\(trialKey):\($0)" }
        return names.first { ShardDescriptor.contains(slotRanges, [[HashSlot.of(Array($0.utf8))]]) } ?? trialKey
    }

    /// The error that a write of this kind meets, nil if none.
    private static func trialError(
        _ connection: NodeConnection,
        key: String,
        rdbVersion: UInt16
    ) async throws(TransportError) -> String? {
        let reply = try await connection.reply(to: trialWrite(key, rdbVersion: rdbVersion))
        // A key of that name exists: everything else was accepted.
        guard let error = reply.error, error.prefix != "BUSYKEY" else { return nil }
        return error.safeText
    }

    /// Tries payloads as the restore would stamp them; notes what the target says of them, and returns their version.
    ///
    /// A server that refuses the version that it should know, by its own, is asked for the newest that it takes. One
    /// without RESTORE is tried with a command that does nothing but is a write.
    private static func tryPayloads(
        _ connection: NodeConnection,
        key: String,
        rdbVersion: UInt16,
        _ facts: inout TargetFacts
    ) async throws(TransportError) -> UInt16 {
        let isValkey = rdbVersion >= UInt16(RDBValueTypes.firstOwnValkeyVersion)
        let archive = PayloadFormat(engine: isValkey ? .valkey : .redis, rdbVersion: Int(rdbVersion))
        let newest = facts.newestRDBVersion ?? archive.rdbVersion
        let version = UInt16(RDBConversion.format(for: archive, engine: facts.engine, newest: newest).rdbVersion)
        facts.trialError = try await trialError(connection, key: key, rdbVersion: version)
        guard let error = facts.trialError else { return version }
        if error.contains("payload version or checksum") || error.contains("foreign data type") {
            let highest = min(version, UInt16(PayloadRoute.lastCommonVersion) + 1)
            for older in (PayloadRoute.oldestVersion..<max(highest, PayloadRoute.oldestVersion)).reversed()
            where try await trialError(connection, key: key, rdbVersion: older) == nil {
                facts.trialError = nil
                facts.newestRDBVersion = Int(older)
                return older
            }
        } else if error.contains("unknown command") || error.contains("syntax error") {
            facts.takesPayloads = false
            let reply = try await connection.reply(to: ["DEL", .text(key)])
            facts.trialError = reply.error?.safeText
        }
        return version
    }

    /// Whether the target would take this value, of a module that it may or may not have; stores nothing.
    package static func takes(
        _ payload: ByteBuffer,
        _ connection: NodeConnection,
        _ facts: TargetFacts
    ) async throws(TransportError) -> Bool {
        let key = trialKey(slotRanges: facts.slotRanges)
        let reply = try await connection.reply(to: ["RESTORE", .text(key), 1, .bytes(payload), "ABSTTL"])
        return reply.error.map { $0.prefix == "BUSYKEY" } ?? true
    }

    private static func trialWrite(_ key: String, rdbVersion: UInt16) -> [RESPArgument] {
        let payload = payload(ofStringBody: [0], rdbVersion: rdbVersion)
        return ["RESTORE", .text(key), 1, .bytes(payload), "ABSTTL"]
    }

    /// Sends each command that a restore sends, in a form that changes nothing, and looks at NOPERM alone.
    ///
    /// The rights of a user are checked before a command runs (redis:src/server.c, processCommand), so that a SET with
    /// an option that does not exist tells whether SET is allowed.
    private static func missingPermissions(
        _ connection: NodeConnection,
        key name: String,
        rdbVersion: UInt16,
        functions: Bool,
        expireTime: Bool,
        replication: Bool
    ) async throws(TransportError) -> [String] {
        let key = RESPArgument.text(name)
        var trials: [[RESPArgument]] = [
            ["SELECT", 0], trialWrite(name, rdbVersion: rdbVersion), ["SET", key, "", "REWARM-TRIAL"], ["DUMP", key],
            ["TYPE", key], [expireTime ? "PEXPIRETIME" : "PTTL", key],
        ]
        if functions { trials.append(["FUNCTION", "LIST"]) }
        // A port that is no number is refused before anything is done (redis:src/replication.c, replicaofCommand).
        if replication { trials.append(["REPLICAOF", "127.0.0.1", "REWARM-TRIAL"]) }
        var rules: [String] = []
        for trial in trials {
            guard let reply = try await connection.reply(to: trial).error else { continue }
            let error = TransportError(reply, command: nil, address: connection.address)
            guard error.code == .permissionDenied else { continue }
            let rule = error.missingPermission ?? "~*"
            if !rules.contains(rule) { rules.append(rule) }
        }
        return rules
    }

    /// Type 0, the body, the version and the CRC-64, both little-endian.
    private static func payload(ofStringBody body: [UInt8], rdbVersion: UInt16) -> ByteBuffer {
        var payload = ByteBuffer(bytes: [0] + body)
        payload.writeInteger(rdbVersion, endianness: .little)
        let checksum = payload.withUnsafeReadableBytes { CRC64.of($0) }
        payload.writeInteger(checksum, endianness: .little)
        return payload
    }
}
