import NIOCore
import RESP
import TestSupport
import Testing
import Transport

struct ReplyExchangeTests {
    @Test func `a large value streams through in pieces`() async throws {
        let server = try await RedisServer.start()
        let byteCount = 24 * 1024 * 1024
        try server.client().command("SETRANGE", "large", RedisArgument(Int64(byteCount - 3)), "end")
        let connection = try await NodeConnection.connect(ConnectionOptions(url: try NodeURL(server.url)))
        let exchange = try await connection.openExchange()
        var commands = ByteBuffer()
        commands.writeCommand("GET", "large")
        commands.writeCommand("GET", "none")
        commands.writeCommand("NOSUCH")
        exchange.send(commands)
        var tokenizer = RESPTokenizer(wholeStringLimit: 64 * 1024)
        var input = ByteBuffer()
        var received = 0
        var largestPiece = 0
        var tail: [UInt8] = []
        var others: [RESPToken] = []
        while others.count < 3 {
            guard let token = try tokenizer.next(&input) else {
                var chunk = try await exchange.next()
                input.writeBuffer(&chunk)
                continue
            }
            if case .stringPiece(let piece, _) = token {
                received += piece.readableBytes
                largestPiece = max(largestPiece, piece.readableBytes)
                tail = Array((tail + Array(piece.readableBytesView.suffix(3))).suffix(3))
                input.discardReadBytes()
            } else {
                others.append(token)
            }
        }
        #expect(received == byteCount)
        #expect(largestPiece <= 1024 * 1024)
        #expect(tail == Array("end".utf8))
        #expect(others.first == .stringBegins(byteCount: byteCount))
        #expect(others[1] == .null)
        try await exchange.finish()
        #expect(try await connection.command("PING").text == "PONG")
        await connection.close()
    }

    @Test func `a caller that does not read stops the reading and loses nothing`() async throws {
        let reply = "$1000000\r\n" + String(repeating: "x", count: 1_000_000) + "\r\n"
        let count = 24
        let server = try ScriptedServer { connection in
            try connection.readCommand()
            try connection.send("+PONG\r\n")
            try connection.readCommand()
            for _ in 0..<count { try connection.send(reply) }
            connection.waitForClose()
        }
        let connection = try await NodeConnection.connect(ConnectionOptions(url: try NodeURL(server.url)))
        let exchange = try await connection.openExchange()
        var command = ByteBuffer()
        command.writeCommand("X")
        exchange.send(command)
        while exchange.pausedTime == .zero { await Task.yield() }
        var received = 0
        while received < reply.utf8.count * count { received += try await exchange.next().readableBytes }
        #expect(received == reply.utf8.count * count)
        await connection.close()
        await #expect(throws: TransportError.self) { _ = try await exchange.next() }
    }

    @Test func `a connection that ends is an error after what was sent`() async throws {
        let server = try ScriptedServer { connection in
            try connection.readCommand()
            try connection.send("+PONG\r\n")
            try connection.readCommand()
            try connection.send("$5\r\nab")
        }
        let connection = try await NodeConnection.connect(ConnectionOptions(url: try NodeURL(server.url)))
        let exchange = try await connection.openExchange()
        var command = ByteBuffer()
        command.writeCommand("X")
        exchange.send(command)
        var received = ""
        let error = await #expect(throws: TransportError.self) {
            while true { received += String(buffer: try await exchange.next()) }
        }
        #expect(received == "$5\r\nab")
        #expect(error?.code == .closed)
        await connection.close()
    }
}
