import RESP
import SnapshotModel
import TestSupport
import Testing
import Transport

struct NodeInfoTests {
    private static func probe(
        _ server: RedisServer,
        user: String? = nil,
        password: String? = nil
    ) async throws -> NodeInfo {
        let connection = try await NodeConnection.connect(
            ConnectionOptions(url: try NodeURL(server.url(user: user)), password: password.map { Secret($0) })
        )
        let info = try await connection.probe()
        await connection.close()
        return info
    }

    @Test func `a node tells what it is and holds`() async throws {
        let server = try await RedisServer.start(.init(lines: ["maxmemory 512mb", "maxmemory-policy allkeys-lfu"]))
        let oracle = try server.client()
        try oracle.command("SET", "a", "1")
        try oracle.command("SET", "b", "1", "EX", "1000")
        try server.client(database: 7).command("SET", "c", "1")
        let info = try await Self.probe(server)
        #expect(info.runID == (try oracle.info("server", "run_id")))
        #expect(info.versionText == (try oracle.info("server", "redis_version")))
        #expect(info.processID.map { Int32($0) } == server.processID)
        #expect(info.role == .primary)
        #expect(info.isPrimaryLinkUp == nil)
        #expect(!info.isLoading)
        #expect(info.maxmemory == 512 * 1024 * 1024)
        #expect(info.maxmemoryPolicy == "allkeys-lfu")
        #expect((info.usedMemory ?? 0) > 0)
        #expect(info.keyspace.count == 2)
        #expect(info.keyspace[0] == NodeInfo.KeyspaceEntry(keyCount: 2, expiringKeyCount: 1))
        #expect(info.keyspace[7] == NodeInfo.KeyspaceEntry(keyCount: 1, expiringKeyCount: 0))
        #expect(info.keyCount == 3)
        #expect(info.configuration["databases"] == "16")
        #expect(info.configuration["proto-max-bulk-len"] == "536870912")
        #expect(info.replicationID?.count == 40)
        // Both ends have the same clock here.
        let clock = try #require(info.clock)
        #expect(abs(clock.differenceMilliseconds) <= clock.uncertaintyMilliseconds + 1)
        for capability: NodeCapability in [.psync, .sync, .replconf, .dump, .restore, .scan, .config, .time] {
            #expect(info.supports(capability), "\(capability)")
        }
    }

    @Test func `a managed service is probed without CONFIG and its withheld commands are seen`() async throws {
        let server = try await RedisServer.start(.managedService)
        let info = try await Self.probe(server)
        #expect(info.configuration.isEmpty)
        #expect(info.maxmemoryPolicy == "noeviction")
        for capability: NodeCapability in [.psync, .sync, .config, .debug, .replicaOf] {
            #expect(!info.supports(capability), "\(capability)")
        }
        for capability: NodeCapability in [.dump, .restore, .scan, .multi] {
            #expect(info.supports(capability), "\(capability)")
        }
    }

    @Test func `a user who may only ask INFO gets what INFO tells`() async throws {
        let server = try await RedisServer.start(.init(users: ["watcher on >pw +info", "blind on >pw +ping"]))
        let info = try await Self.probe(server, user: "watcher", password: "pw")
        #expect(info.commands == nil)
        #expect(info.clock == nil)
        #expect(info.configuration.isEmpty)
        #expect(info.supports(.psync))
        let error = await #expect(throws: TransportError.self) {
            _ = try await Self.probe(server, user: "blind", password: "pw")
        }
        #expect(error?.missingPermission == "+info")
    }

    @Test func `a replica tells its role and its link`() async throws {
        let port = try SocketCalls.freeLoopbackPort()
        let server = try await RedisServer.start(.init(lines: ["replicaof 127.0.0.1 \(port)"]))
        let info = try await Self.probe(server)
        #expect(info.role == .replica)
        #expect(info.isPrimaryLinkUp == false)
    }

    /// Answers INFO with the text, and everything else with an error.
    private static func probe(infoText: String) async throws -> NodeInfo {
        let server = try ScriptedServer { connection in
            try connection.answer { command in
                command[0] == "INFO" ? "$\(infoText.utf8.count)\r\n\(infoText)\r\n" : "-NOPERM no\r\n"
            }
        }
        let connection = try await NodeConnection.connect(ConnectionOptions(url: try NodeURL(server.url)))
        let info = try await connection.probe()
        await connection.close()
        return info
    }

    @Test(arguments: [
        ("redis_version:2.8.24", Engine.redis, 6), ("redis_version:3.2.13", .redis, 7),
        ("redis_version:4.0.14", .redis, 8), ("redis_version:5.0.0", .redis, 9), ("redis_version:6.2.14", .redis, 9),
        ("redis_version:7.0.15", .redis, 10), ("redis_version:7.2.4", .redis, 11), ("redis_version:7.4.0", .redis, 12),
        ("redis_version:8.4.0", .redis, 12), ("redis_version:8.6.1", .redis, 13), ("redis_version:8.8.0", .redis, 14),
        ("redis_version:8.10.0", .redis, 15), ("redis_version:9.0.0", .redis, 15),
        ("redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.0", .valkey, 11),
        ("redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.0.1", .valkey, 80),
        ("redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.2.0", .valkey, 81),
    ])
    func `engine and newest RDB version follow from INFO`(text: String, engine: Engine, rdbVersion: Int) async throws {
        let info = try await Self.probe(infoText: "# Server\r\n\(text)\r\nrole:master\r\n")
        #expect(info.engine == engine)
        #expect(info.newestRDBVersion == rdbVersion)
        #expect(text.hasSuffix(info.versionText))
    }

    @Test func `capabilities follow the version where COMMAND is forbidden`() async throws {
        let old = try await Self.probe(infoText: "redis_version:6.0.20\r\n")
        #expect(!old.supports(.pexpireTime))
        #expect(!old.supports(.setPXAT))
        #expect(old.supports(.restoreAbsoluteTTL))
        let new = try await Self.probe(infoText: "redis_version:7.0.0\r\n")
        #expect(new.supports(.pexpireTime))
        #expect(new.supports(.setPXAT))
        #expect(!new.supports(.hashFieldExpiry))
    }

    @Test func `an INFO without the usual fields gives unknowns, not failures`() async throws {
        let info = try await Self.probe(
            infoText: "# Keyspace\r\ndb0:keys=5,expires=2,avg_ttl=0\r\ndbx:keys=1\r\nodd line\r\n"
        )
        #expect(info.versionText == "")
        #expect(info.maxmemory == nil)
        #expect(info.keyspace == [0: NodeInfo.KeyspaceEntry(keyCount: 5, expiringKeyCount: 2)])
    }

    @Test(arguments: [
        ("7.0.15", ServerVersion(7, 0, 15)), ("8.0-rc1", ServerVersion(8)), ("9", ServerVersion(9)),
        ("", ServerVersion(0)), ("255.255.255", ServerVersion(255, 255, 255)),
    ])
    func `versions are read from their numbers`(text: String, version: ServerVersion) {
        #expect(ServerVersion(text) == version)
    }

    @Test func `versions compare by number`() {
        #expect(ServerVersion(8, 10) > ServerVersion(8, 9, 99))
        #expect(ServerVersion(7, 0, 1) > ServerVersion(7))
    }
}
