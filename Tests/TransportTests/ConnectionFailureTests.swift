import NIOCore
import RESP
import TestSupport
import Testing
import Transport

/// Each way in which a connection fails, against a server that misbehaves.
struct ConnectionFailureTests {
    private static func options(
        _ url: String,
        connectTimeout: Duration = .seconds(10),
        replyTimeout: Duration = .seconds(60),
        loadingPatience: Duration = .seconds(600)
    ) throws -> ConnectionOptions {
        ConnectionOptions(
            url: try NodeURL(url),
            connectTimeout: connectTimeout,
            replyTimeout: replyTimeout,
            loadingPatience: loadingPatience
        )
    }

    private static func failure(_ options: ConnectionOptions) async -> TransportError? {
        await #expect(throws: TransportError.self) { try await NodeConnection.connect(options).close() }
    }

    @Test func `a closed port is refused, naming the address`() async throws {
        let port = try SocketCalls.freeLoopbackPort()
        let error = await Self.failure(try Self.options("redis://127.0.0.1:\(port)"))
        #expect(error?.code == .refused)
        #expect(error?.category == .unreachable)
        #expect(error?.message.contains("127.0.0.1:\(port)") == true)
    }

    @Test func `a host that does not resolve is unknown`() async throws {
        let error = await Self.failure(try Self.options("redis://no-such-host.invalid:6379"))
        #expect(error?.code == .unknownHost)
        #expect(error?.message.contains("no-such-host.invalid") == true)
    }

    @Test func `a Unix socket that is not there is unreachable`() async throws {
        let directory = try TemporaryDirectory()
        let error = await Self.failure(try Self.options("redis+unix://" + directory.path("none.sock")))
        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("none.sock") == true)
        let long = "/" + String(repeating: "x", count: 200)
        #expect(await Self.failure(try Self.options("redis+unix://" + long))?.code == .invalidAddress)
    }

    @Test func `a server that never answers is a time-out`() async throws {
        let server = try ScriptedServer { $0.waitForClose() }
        let error = await Self.failure(try Self.options(server.url, replyTimeout: .milliseconds(80)))
        #expect(error?.code == .timedOut)
        #expect(error?.message.contains("80 ms") == true)
    }

    @Test func `a reply that comes slowly but steadily is no time-out`() async throws {
        let server = try ScriptedServer { connection in
            try connection.readCommand()
            // 20 pieces, together longer than the time-out.
            for piece in 0..<20 {
                try connection.send(piece == 0 ? "+" : piece == 19 ? "\r\n" : "x")
                usleepForPacing(20_000)
            }
            connection.waitForClose()
        }
        let connection = try await NodeConnection.connect(
            try Self.options(server.url, replyTimeout: .milliseconds(200))
        )
        await connection.close()
    }

    @Test func `an endless TLS handshake is a time-out`() async throws {
        let server = try ScriptedServer { $0.waitForClose() }
        let url = server.url.replacing("redis://", with: "rediss://")
        let error = await Self.failure(try Self.options(url, connectTimeout: .milliseconds(100)))
        #expect(error?.code == .timedOut)
        #expect(error?.message.contains("TLS") == true)
    }

    @Test func `a server that speaks no TLS is named so`() async throws {
        let server = try ScriptedServer { connection in
            try connection.send("-ERR Protocol error: unauthenticated multibulk length\r\n")
            connection.waitForClose()
        }
        let error = await Self.failure(try Self.options(server.url.replacing("redis://", with: "rediss://")))
        #expect(error?.code == .tls(.serverSpeaksNoTLS))
        #expect(error?.message.contains("redis://") == true)
    }

    @Test func `a server that answers with a TLS alert wants TLS`() async throws {
        let server = try ScriptedServer { connection in
            try connection.readCommand()
            try connection.send([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x46])
        }
        let error = await Self.failure(try Self.options(server.url))
        #expect(error?.code == .tls(.serverWantsTLS))
        #expect(error?.message.contains("rediss://") == true)
    }

    @Test(arguments: [
        ("-ERR max number of clients reached\r\n", TransportError.Code.tooManyClients),
        ("-DENIED Redis is running in protected mode because protected mode is enabled.\r\n", .protectedMode),
    ])
    func `what a server says before it closes is the reason`(reply: String, code: TransportError.Code) async throws {
        let server = try ScriptedServer { connection in
            try connection.send(reply)
            // As a server does that has not read the command: the end comes after the text.
            connection.waitForClose()
        }
        #expect(await Self.failure(try Self.options(server.url))?.code == code)
    }

    @Test(arguments: [true, false]) func `a connection that ends at once is closed`(resets: Bool) async throws {
        let server = try ScriptedServer { resets ? $0.reset() : $0.close() }
        let error = await Self.failure(try Self.options(server.url))
        #expect(error?.code == .closed)
    }

    @Test func `a reply cut at any byte is closed and never a value`() async throws {
        let reply = "*2\r\n$3\r\nabc\r\n$2\r\nde\r\n"
        let cuts = Array(0..<reply.utf8.count)
        let server = try ScriptedServer { connection in
            try connection.readCommand()
            try connection.send("+PONG\r\n")
            try connection.readCommand()
            try connection.send(Array(reply.utf8.prefix(cuts[connection.number - 1])))
        }
        for cut in cuts {
            let connection = try await NodeConnection.connect(try Self.options(server.url))
            let error = await #expect(throws: TransportError.self) { try await connection.command("X") }
            #expect(error?.code == .closed, "cut at \(cut)")
            // What is asked afterwards fails at once, with the reason.
            let later = await #expect(throws: TransportError.self) { try await connection.command("Y") }
            #expect(later?.code == .closed)
            await connection.close()
        }
    }

    @Test(arguments: ["hello\r\n", "HTTP/1.1 400 Bad Request\r\n", ":12x\r\n", "$-7\r\n", "\u{0}\u{1}"])
    func `bytes that are no reply are a protocol violation`(garbage: String) async throws {
        let server = try ScriptedServer { connection in
            try connection.readCommand()
            try connection.send(garbage)
            connection.waitForClose()
        }
        #expect(await Self.failure(try Self.options(server.url))?.code == .protocolViolation)
    }

    @Test func `a reply that nothing asked for is a protocol violation`() async throws {
        let server = try ScriptedServer { connection in
            try connection.readCommand()
            try connection.send("+PONG\r\n+MORE\r\n")
            connection.waitForClose()
        }
        let connection = try? await NodeConnection.connect(try Self.options(server.url))
        let error = await #expect(throws: TransportError.self) { try await connection?.command("X") }
        if connection != nil { #expect(error?.code == .protocolViolation) }
        await connection?.close()
    }

    @Test func `a server that loads is waited for`() async throws {
        let waits = Counter()
        let server = try ScriptedServer { connection in
            var questions = 0
            try connection.answer { _ in
                questions += 1
                return questions < 4 ? "-LOADING Redis is loading the dataset in memory\r\n" : "+PONG\r\n"
            }
        }
        var options = try Self.options(server.url)
        options.onWait = { _ in waits.add() }
        let connection = try await NodeConnection.connect(options)
        await connection.close()
        #expect(server.commands.count == 4)
        #expect(waits.count == 1)
    }

    @Test func `patience with a server that loads ends`() async throws {
        let server = try ScriptedServer { try $0.answer { _ in "-LOADING Redis is loading the dataset in memory\r\n" } }
        let error = await Self.failure(try Self.options(server.url, loadingPatience: .milliseconds(50)))
        #expect(error?.code == .loading)
        #expect(error?.message.contains("50 ms") == true)
    }

    @Test func `a server whose last save failed can be connected to`() async throws {
        let server = try ScriptedServer { try $0.answer { _ in "-MISCONF Errors writing to the AOF file\r\n" } }
        try await NodeConnection.connect(try Self.options(server.url)).close()
    }

    @Test func `a password that a server repeats does not get into the error`() async throws {
        let server = try ScriptedServer { connection in
            try connection.answer { command in
                "-ERR unknown command 'AUTH', with args beginning with: '\(command.last ?? "")'\r\n"
            }
        }
        var options = try Self.options(server.url)
        options.password = Secret("s3cret")
        let first = await Self.failure(options)
        #expect(first.map { "\($0) \($0.serverText ?? "")" }?.contains("s3cret") == false)
        let echo = try ScriptedServer { try $0.answer { "-ERR what is \($0.last ?? "")?\r\n" } }
        options.url = try NodeURL(echo.url)
        let second = await Self.failure(options)
        #expect(second?.code == .serverError(prefix: "ERR"))
        #expect(second?.message.contains("withheld") == true)
        #expect(second.map { String(reflecting: $0) }?.contains("s3cret") == false)
    }

    @Test func `cancelling a task that waits for a reply ends it`() async throws {
        let asked = AsyncStream<Void>.makeStream()
        let server = try ScriptedServer { connection in
            try connection.readCommand()
            try connection.send("+PONG\r\n")
            try connection.readCommand()
            asked.continuation.yield()
            connection.waitForClose()
        }
        let connection = try await NodeConnection.connect(try Self.options(server.url))
        let task = Task { () -> TransportError? in
            do throws(TransportError) {
                _ = try await connection.command("BLPOP")
                return nil
            } catch {
                return error
            }
        }
        for await _ in asked.stream.prefix(1) { task.cancel() }
        #expect(await task.value?.code == .cancelled)
        await connection.close()
    }

    @Test func `replies find their senders when tasks share a connection`() async throws {
        let server = try ScriptedServer { try $0.answer { "+\($0.last ?? "")\r\n" } }
        let connection = try await NodeConnection.connect(try Self.options(server.url))
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask { try await connection.command("ECHO", .number(Int64(number))).integer == Int64(number) }
            }
            for try await isRight in group { #expect(isRight) }
        }
        await connection.close()
    }
}
