import Foundation
import Memcached
import NIOCore
import SnapshotModel
import TestSupport
import Testing
import Transport

/// Connections to a real memcached, and to what is none.
struct MemcachedConnectionTests {
    private static func connect(
        _ url: String,
        password: String? = nil,
        tls: TLSOptions = TLSOptions()
    ) async throws(TransportError) -> MemcachedConnection {
        let secret = password.map { Secret($0) }
        return try await MemcachedConnection.connect(
            ConnectionOptions(url: try NodeURL(url), password: secret, tls: tls)
        )
    }

    private static func failure(
        _ url: String,
        password: String? = nil,
        tls: TLSOptions = TLSOptions()
    ) async -> TransportError? {
        await #expect(throws: TransportError.self) { try await connect(url, password: password, tls: tls).close() }
    }

    @Test func `a connection tells the version, the statistics and the clock`() async throws {
        let server = try await MemcachedServer.start()
        let connection = try await Self.connect(server.url)
        #expect(connection.version >= ServerVersion(1, 6))
        let stats = try await connection.stats()
        #expect(stats.version == connection.versionText)
        #expect(stats.processID == server.processID.map { UInt64($0) })
        #expect(try await connection.stats("settings").largestItemByteCount == 1_048_576)
        let clocks = try #require(try await connection.compareClocks())
        #expect(abs(clocks.differenceMilliseconds) < 3000 && clocks.uncertaintyMilliseconds >= 500)
        #expect(try await connection.line("mn") == "MN")
        await connection.close()
    }

    @Test(arguments: [false, true])
    func `commands sent ahead are answered in order, and what is written waits for room`(usesTLS: Bool) async throws {
        let server = try await MemcachedServer.start(.init(endpoint: usesTLS ? .tls : .tcp))
        let connection = try await Self.connect(
            server.url,
            tls: TLSOptions(authorityFile: server.certificates?.authority)
        )
        let value = ByteBuffer(repeating: 0x78, count: 500_000)
        for index in 0..<40 {
            var command = ByteBuffer(string: "ms key:\(index) \(value.readableBytes) q\r\n")
            command.writeImmutableBuffer(value)
            command.writeString("\r\n")
            try await connection.write(command)
        }
        #expect(try await connection.line("mn") == "MN")
        // What the server reads of these does not end where a command does.
        for length in [30, 100, 240] {
            let key = String(repeating: "k", count: length)
            var commands = ByteBuffer()
            for _ in 0..<1000 { commands.writeString("mg \(key) v q\r\n") }
            commands.writeString("mn\r\n")
            connection.send(commands)
            #expect(try await String(buffer: connection.next()) == "MN\r\n")
        }
        #expect(try await connection.line("mg key:39 s") == "HD s500000")
        await connection.close()
    }

    @Test func `authentication is done where it is asked for, and a wrong password is refused`() async throws {
        let server = try await MemcachedServer.start(.init(users: ["backup:s3cret", "other:0ther"]))
        let connection = try await Self.connect(server.url(user: "backup"), password: "s3cret")
        #expect(try await connection.line("mn") == "MN")
        await connection.close()
        let wrong = await Self.failure(server.url(user: "backup"), password: "0ther")
        #expect(wrong?.code == .authenticationFailed && wrong?.category == .credentials)
        #expect(wrong?.message.contains("0ther") == false)
        #expect(await Self.failure(server.url)?.code == .authenticationRequired)
        #expect(await Self.failure(server.url, password: "s3cret")?.category == .usage)
        #expect(await Self.failure(server.url(user: "back%20up"), password: "s3cret")?.category == .usage)
    }

    @Test func `a server that asks for no authentication is not sent the password`() async throws {
        let server = try await MemcachedServer.start()
        let error = await Self.failure(server.url(user: "backup"), password: "s3cret")
        #expect(error?.code == .authenticationFailed && error?.message.contains("s3cret") == false)
        // It would have been stored there, for everybody to read.
        let client = try server.client()
        #expect(try client.listing().isEmpty)
        #expect(try client.stats()["cmd_set"] == "0")
    }

    @Test func `TLS verifies the authority, and each side that does not speak it is told`() async throws {
        let server = try await MemcachedServer.start(.init(endpoint: .tls))
        let authority = try #require(server.certificates?.authority)
        let connection = try await Self.connect(server.url, tls: TLSOptions(authorityFile: authority))
        #expect(try await connection.line("mn") == "MN")
        await connection.close()
        #expect(await Self.failure(server.url)?.code == .tls(.untrusted))
        let plain = await Self.failure("memcached://127.0.0.1:\(server.port)")
        #expect(plain?.category == .unreachable && plain?.message.contains("memcacheds://") == true)
        let other = try await MemcachedServer.start()
        let secured = await Self.failure("memcacheds://127.0.0.1:\(other.port)")
        #expect(secured?.category == .unreachable && secured?.message.contains("rediss") == false)
    }

    @Test func `a server of the binary protocol is told as such, and one of SASL is a matter of credentials`()
        async throws
    {
        let binary = try await MemcachedServer.start(.init(arguments: ["-B", "binary"]))
        let error = await Self.failure(binary.url)
        #expect(error?.message.contains("only the binary protocol") == true, "\(error?.message ?? "")")
        let sasl = try await MemcachedServer.start(.init(arguments: ["-S"]))
        let refused = await Self.failure(sasl.url)
        #expect(refused?.category == .credentials, "\(refused?.message ?? "")")
        #expect(refused?.message.contains("-Y") == true)
    }

    @Test func `another kind of server is told by its answer, and nothing is asked of the wrong family`() async throws {
        let redis = try await RedisServer.start()
        let error = await Self.failure("memcached://127.0.0.1:\(redis.port)")
        #expect(error?.category == .usage && error?.message.contains("redis://") == true)
        #expect(await Self.failure(redis.url)?.category == .usage)
        let memcached = try await MemcachedServer.start()
        let other = await #expect(throws: TransportError.self) {
            try await NodeConnection.connect(ConnectionOptions(url: try NodeURL(memcached.url)))
        }
        #expect(other?.category == .usage)
    }

    @Test func `nobody listens, and a server that answers nothing`() async throws {
        let port = try SocketCalls.freeLoopbackPort()
        #expect(await Self.failure("memcached://127.0.0.1:\(port)")?.code == .refused)
        let silent = try ScriptedServer { $0.waitForClose() }
        let error = await #expect(throws: TransportError.self) {
            try await MemcachedConnection.connect(
                ConnectionOptions(
                    url: try NodeURL("memcached://127.0.0.1:\(silent.port)"),
                    replyTimeout: .milliseconds(200)
                )
            )
        }
        #expect(error?.code == .timedOut)
    }

    @Test func `a server at its limit of connections says so`() async throws {
        let full = try ScriptedServer { connection in
            try connection.send("ERROR Too many open connections\r\n")
            connection.waitForClose()
        }
        let error = await Self.failure("memcached://127.0.0.1:\(full.port)")
        #expect(error?.code == .tooManyClients)
    }

    @Test(arguments: [[], ["backup:s3cret"]])
    func `a server of Memcached under a URL of Redis is told as what it is`(users: [String]) async throws {
        let server = try await MemcachedServer.start(.init(users: users))
        let url = try NodeURL("redis://127.0.0.1:\(server.port)")
        let error = await #expect(throws: TransportError.self) {
            try await NodeConnection.connect(ConnectionOptions(url: url)).close()
        }
        #expect(error?.code == .invalidAddress && error?.message.contains("use memcached://") == true)
        let secret = Secret("s3cret")
        let known = await #expect(throws: TransportError.self) {
            try await NodeConnection.connect(ConnectionOptions(url: url, user: "backup", password: secret)).close()
        }
        #expect(known?.message.contains("use memcached://") == true)
    }
}
