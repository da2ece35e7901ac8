import NIOCore
import RESP
import TestSupport
import Testing
import Transport

/// The replica hand-over of a real server.
struct ServerReplicaTests {
    private static func populate(_ server: RedisServer, byteCount: Int = 3000) throws {
        try server.client().debug("POPULATE", "2000", "key", RedisArgument(String(byteCount / 10)))
    }

    private static func read(_ stream: inout ReplicaStream) async throws(TransportError) -> [UInt8] {
        var payload: [UInt8] = []
        while let chunk = try await stream.next() { payload += Array(chunk.readableBytesView) }
        return payload
    }

    private static func isWholeRDB(_ payload: [UInt8]) -> Bool {
        payload.starts(with: Array("REDIS".utf8)) && payload.count > 18 && payload[payload.count - 9] == 0xFF
    }

    @Test(arguments: [ReplicaOptions.Transfer.diskless, .disk])
    func `a transfer is a whole RDB with its replication id`(transfer: ReplicaOptions.Transfer) async throws {
        let server = try await RedisServer.start()
        try Self.populate(server)
        let connection = try await NodeConnection.connect(ConnectionOptions(url: try NodeURL(server.url)))
        var stream = try await connection.becomeReplica(ReplicaOptions(transfer: transfer))
        let payload = try await Self.read(&stream)
        #expect(Self.isWholeRDB(payload))
        if case .length(let byteCount) = stream.kind {
            #expect(transfer == .disk)
            #expect(payload.count == Int(byteCount))
        } else {
            #expect(transfer == .diskless)
        }
        #expect(try server.client().info("replication", "master_replid") == stream.replicationID)
        #expect(stream.replicationOffset != nil)
        #expect(stream.isRDBOnly)
    }

    @Test func `a transfer over TLS and over a Unix socket is whole`() async throws {
        let encrypted = try await RedisServer.start(.init(endpoint: .tls(requiringClientCertificate: false)))
        let local = try await RedisServer.start(.init(endpoint: .unixSocket))
        for server in [encrypted, local] {
            try Self.populate(server, byteCount: 20_000)
            let options = ConnectionOptions(
                url: try NodeURL(server.url),
                tls: TLSOptions(authorityFile: server.certificates?.authority)
            )
            let connection = try await NodeConnection.connect(options)
            var stream = try await connection.becomeReplica()
            #expect(Self.isWholeRDB(try await Self.read(&stream)))
        }
    }

    @Test func `a server that knows SYNC alone is read by SYNC`() async throws {
        let server = try await RedisServer.start(.init(withheldCommands: ["PSYNC"]))
        try Self.populate(server)
        let connection = try await NodeConnection.connect(ConnectionOptions(url: try NodeURL(server.url)))
        var stream = try await connection.becomeReplica()
        #expect(stream.replicationID == nil)
        #expect(Self.isWholeRDB(try await Self.read(&stream)))
    }

    @Test func `a server without REPLCONF is read with its command stream cut off`() async throws {
        let server = try await RedisServer.start(.init(withheldCommands: ["REPLCONF"]))
        try Self.populate(server)
        let connection = try await NodeConnection.connect(ConnectionOptions(url: try NodeURL(server.url)))
        var stream = try await connection.becomeReplica()
        #expect(!stream.isRDBOnly)
        #expect(Self.isWholeRDB(try await Self.read(&stream)))
    }

    @Test func `a managed service refuses and points to the scan`() async throws {
        let server = try await RedisServer.start(.managedService)
        let connection = try await NodeConnection.connect(ConnectionOptions(url: try NodeURL(server.url)))
        let error = await #expect(throws: TransportError.self) { _ = try await connection.becomeReplica() }
        #expect(error?.code == .replicationRefused)
        #expect(error?.isUnknownCommand == true)
        await connection.close()
    }

    @Test func `a replica without its primary refuses`() async throws {
        let port = try SocketCalls.freeLoopbackPort()
        let server = try await RedisServer.start(.init(lines: ["replicaof 127.0.0.1 \(port)"]))
        let connection = try await NodeConnection.connect(ConnectionOptions(url: try NodeURL(server.url)))
        let error = await #expect(throws: TransportError.self) { _ = try await connection.becomeReplica() }
        #expect(error?.code == .replicationRefused)
        #expect(error?.message.contains("link to its primary is down") == true)
        await connection.close()
    }

    @Test func `a server killed during the transfer is a cut`() async throws {
        let server = try await RedisServer.start(.init(lines: ["rdbcompression no"]))
        try server.client().debug("POPULATE", "20000", "key", "2000")
        let connection = try await NodeConnection.connect(ConnectionOptions(url: try NodeURL(server.url)))
        var stream = try await connection.becomeReplica()
        #expect(try await stream.next() != nil)
        // 40 MB are more than what all buffers on the way hold.
        await server.kill()
        let error = await #expect(throws: TransportError.self) { _ = try await Self.read(&stream) }
        #expect(error?.code == .transferCut)
    }
}
