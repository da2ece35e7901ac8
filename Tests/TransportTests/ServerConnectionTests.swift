import NIOCore
import RESP
import TestSupport
import Testing
import Transport

/// Connections to a real server, in every form.
struct ServerConnectionTests {
    private static func connect(
        _ url: String,
        user: String? = nil,
        password: String? = nil
    ) async throws(TransportError) -> NodeConnection {
        try await NodeConnection.connect(
            ConnectionOptions(url: try NodeURL(url), user: user, password: password.map { Secret($0) })
        )
    }

    private static func failure(
        _ url: String,
        user: String? = nil,
        password: String? = nil
    ) async -> TransportError? {
        await #expect(throws: TransportError.self) {
            try await connect(url, user: user, password: password).close()
        }
    }

    @Test func `the URL's database is selected`() async throws {
        let server = try await RedisServer.start()
        let connection = try await Self.connect(server.url(database: 9))
        #expect(try await connection.command("SET", "a", "1").isOK)
        #expect(try server.client(database: 9).command("GET", "a").text == "1")
        #expect(try server.client(database: 0).command("EXISTS", "a") == .integer(0))
        await connection.close()
        let error = await Self.failure(server.url(database: 99))
        #expect(error?.code == .serverError(prefix: "ERR"))
        #expect(error?.message.contains("SELECT") == true)
    }

    @Test func `a Unix socket works`() async throws {
        let server = try await RedisServer.start(.init(endpoint: .unixSocket))
        let connection = try await Self.connect(server.url + "?db=3")
        #expect(try await connection.command("SET", "a", "1").isOK)
        #expect(try server.client(database: 3).command("GET", "a").text == "1")
        await connection.close()
    }

    @Test func `a host name works`() async throws {
        let server = try await RedisServer.start()
        try await Self.connect("redis://localhost:\(server.port)").close()
    }

    @Test func `an IPv6 address works where the machine has one`() async throws {
        guard SocketCalls.hasIPv6Loopback else {
            print("absent on this machine, so not tested: IPv6 (no ::1)")
            return
        }
        let server = try await RedisServer.start(.init(lines: ["bind 127.0.0.1 ::1"]))
        let connection = try await Self.connect("redis://[::1]:\(server.port)")
        #expect(connection.address == "[::1]:\(server.port)")
        #expect(try await connection.command("PING").text == "PONG")
        await connection.close()
    }

    @Test func `a password is asked for, checked and accepted`() async throws {
        let server = try await RedisServer.start(.init(password: "right"))
        #expect(await Self.failure(server.url)?.code == .authenticationRequired)
        let wrong = await Self.failure(server.url, password: "wr0ng")
        #expect(wrong?.code == .authenticationFailed)
        #expect(wrong?.category == .credentials)
        #expect(wrong?.message.contains("wr0ng") == false)
        let connection = try await Self.connect(server.url, password: "right")
        #expect(try await connection.command("PING").text == "PONG")
        await connection.close()
        let inURL = server.url.replacing("redis://", with: "redis://:right@")
        try await Self.connect(inURL).close()
    }

    @Test func `a password for a server without one is said to be too much`() async throws {
        let server = try await RedisServer.start()
        let error = await Self.failure(server.url, password: "s3cret")
        #expect(error?.code == .authenticationFailed)
        #expect(error?.message.contains("give none") == true)
    }

    @Test func `an ACL user logs in with what it may do`() async throws {
        let server = try await RedisServer.start(
            .init(users: ["backup on >pw ~* +ping +info +scan", "open on nopass ~* +ping", "off off >pw +ping"])
        )
        #expect(await Self.failure(server.url, user: "backup", password: "no")?.code == .authenticationFailed)
        #expect(await Self.failure(server.url, user: "off", password: "pw")?.code == .authenticationFailed)
        #expect(await Self.failure(server.url(user: "backup"))?.code == .authenticationFailed)
        try await Self.connect(server.url(user: "open")).close()
        let connection = try await Self.connect(server.url(user: "backup"), password: "pw")
        let error = await #expect(throws: TransportError.self) { try await connection.command("GET", "a") }
        #expect(error?.code == .permissionDenied)
        #expect(error?.missingPermission == "+get")
        let refused = await #expect(throws: TransportError.self) { _ = try await connection.becomeReplica() }
        #expect(refused?.code == .permissionDenied)
        #expect(refused?.missingPermission == "+replconf")
        #expect(refused?.message.contains("+psync +sync +replconf +ping") == true)
        await connection.close()
    }

    @Test func `a missing psync permission is named`() async throws {
        let server = try await RedisServer.start(.init(users: ["backup on >pw ~* +ping +replconf"]))
        let connection = try await Self.connect(server.url(user: "backup"), password: "pw")
        let error = await #expect(throws: TransportError.self) { _ = try await connection.becomeReplica() }
        #expect(error?.code == .permissionDenied)
        #expect(error?.missingPermission == "+psync")
        await connection.close()
    }

    @Test func `a user who may not even ping can connect`() async throws {
        let server = try await RedisServer.start(.init(users: ["scanner on >pw ~* +scan"]))
        let connection = try await Self.connect(server.url(user: "scanner"), password: "pw")
        #expect(try await connection.command("SCAN", "0").elements?.count == 2)
        await connection.close()
    }

    @Test func `too many clients are told so`() async throws {
        let server = try await RedisServer.start(.init(lines: ["maxclients 1"]))
        // The one place is taken; the server's own oracle would need it, too.
        let first = try await Self.connect(server.url)
        var codes: [TransportError.Code?] = []
        for _ in 0..<5 { codes.append(await Self.failure(server.url)?.code) }
        #expect(codes.contains(.tooManyClients))
        #expect(codes.allSatisfy { $0 == .tooManyClients || $0 == .closed })
        await first.close()
    }

    @Test func `RESP3 works as RESP2 does`() async throws {
        let server = try await RedisServer.start()
        let connection = try await Self.connect(server.url)
        _ = try await connection.command("HELLO", "3")
        _ = try await connection.command("HSET", "h", "a", "1")
        #expect(try await connection.command("HGETALL", "h").elements?.map(\.text) == ["a", "1"])
        #expect(try await connection.command("GET", "none").isNull)
        #expect(try await connection.probe().version >= ServerVersion(2, 6))
        await connection.close()
    }

    @Test func `a server that goes away fails what waits`() async throws {
        let server = try await RedisServer.start()
        let connection = try await Self.connect(server.url)
        let waiting = Task { try await connection.reply(to: ["BLPOP", "none", "0"]) }
        // CLIENT LIST shows the blocked client before the server is killed.
        let oracle = try server.client()
        while try oracle.command("CLIENT", "LIST").text?.contains("cmd=blpop") != true { await Task.yield() }
        await server.kill()
        let error = await #expect(throws: TransportError.self) { try await waiting.value }
        #expect(error?.code == .closed)
        await connection.close()
    }
}
