import NIOCore
import RESP
import TestSupport
import Testing
import Transport

struct CommandPipeTests {
    private static func set(_ key: Int, _ value: String, into buffer: inout ByteBuffer) {
        buffer.writeCommandHeader(argumentCount: 3)
        buffer.writeBulk("SET" as StaticString)
        buffer.writeBulkInteger(Int64(key))
        buffer.writeBulk(value)
    }

    private static func connect(_ url: String) async throws -> NodeConnection {
        try await NodeConnection.connect(ConnectionOptions(url: try NodeURL(url)))
    }

    @Test func `replies other than OK come with the ordinals of their commands`() async throws {
        let server = try await RedisServer.start()
        let connection = try await Self.connect(server.url)
        let pipe = try await connection.openPipe()
        var replies: [NumberedReply] = []
        var expected: [UInt64] = []
        var ordinal: UInt64 = 0
        for _ in 0..<200 {
            var buffer = ByteBuffer()
            for _ in 0..<500 {
                if ordinal % 997 == 5 {
                    buffer.writeCommand("LPUSH", .number(Int64(ordinal - 1)), "x")
                    expected.append(ordinal)
                } else {
                    Self.set(Int(ordinal), "value", into: &buffer)
                }
                ordinal += 1
            }
            replies += try await pipe.write(buffer, commandCount: 500)
        }
        replies += try await pipe.finish()
        #expect(replies.map(\.ordinal) == expected)
        #expect(replies.allSatisfy { $0.value.error?.prefix == "WRONGTYPE" })
        #expect(pipe.answeredCommandCount == ordinal)
        #expect(pipe.submittedCommandCount == ordinal)
        // The connection takes commands again.
        #expect(try await connection.command("DBSIZE").integer == Int64(ordinal) - Int64(expected.count))
        await connection.close()
    }

    @Test func `a command may be sent in pieces`() async throws {
        let server = try await RedisServer.start()
        let connection = try await Self.connect(server.url)
        let pipe = try await connection.openPipe()
        let pieceByteCount = 256 * 1024
        let pieceCount = 64
        var head = ByteBuffer()
        head.writeCommandHeader(argumentCount: 3)
        head.writeBulk("SET" as StaticString)
        head.writeBulk("large" as StaticString)
        head.writeBulkHeader(byteCount: pieceByteCount * pieceCount)
        #expect(try await pipe.write(head, commandCount: 0) == [])
        for number in 0..<pieceCount {
            let piece = ByteBuffer(repeating: UInt8(number), count: pieceByteCount)
            #expect(try await pipe.write(piece, commandCount: 0) == [])
        }
        #expect(try await pipe.write(ByteBuffer(string: "\r\n"), commandCount: 1) == [])
        #expect(try await pipe.drain() == [])
        let oracle = try server.client()
        #expect(try oracle.command("STRLEN", "large") == .integer(Int64(pieceByteCount * pieceCount)))
        let edge = Int64(pieceByteCount)
        #expect(try oracle.command("GETRANGE", "large", .init(edge - 1), .init(edge)) == .bulk([0, 1]))
        _ = try await pipe.finish()
        await connection.close()
    }

    @Test func `a writer waits for a server that does not answer`() async throws {
        let isReleased = Gate()
        let server = try ScriptedServer { connection in
            try connection.readCommand()
            try connection.send("+PONG\r\n")
            isReleased.wait()
            try connection.answer { _ in "+OK\r\n" }
        }
        let connection = try await Self.connect(server.url)
        let pipe = try await connection.openPipe()
        let writer = Task {
            for number in 0..<80 {
                var buffer = ByteBuffer()
                for key in 0..<1000 { Self.set(number * 1000 + key, "v", into: &buffer) }
                _ = try await pipe.write(buffer, commandCount: 1000)
            }
            return try await pipe.finish()
        }
        // The window is full when no more is submitted than it holds, whatever the socket takes.
        while pipe.submittedCommandCount < CommandPipe.unansweredCommandLimit { await Task.yield() }
        for _ in 0..<1000 { await Task.yield() }
        #expect(pipe.submittedCommandCount < CommandPipe.unansweredCommandLimit + 1000)
        #expect(pipe.answeredCommandCount == 0)
        isReleased.open()
        #expect(try await writer.value == [])
        #expect(pipe.answeredCommandCount == 80_000)
        #expect(pipe.waitingTime > .zero)
        await connection.close()
    }

    @Test func `a lost connection tells how many commands were answered`() async throws {
        let replies = "+OK\r\n+OK\r\n-OOM command not allowed when used memory > 'maxmemory'.\r\n+OK\r\n+O"
        for cut in 0...replies.utf8.count {
            let server = try ScriptedServer { connection in
                try connection.readCommand()
                try connection.send("+PONG\r\n")
                for _ in 0..<10 { try connection.readCommand() }
                try connection.send(Array(replies.utf8.prefix(cut)))
            }
            let connection = try await Self.connect(server.url)
            let pipe = try await connection.openPipe()
            var buffer = ByteBuffer()
            for key in 0..<10 { Self.set(key, "v", into: &buffer) }
            var others = try await pipe.write(buffer, commandCount: 10)
            let error = await #expect(throws: TransportError.self) { _ = try await pipe.drain() }
            #expect(error?.code == .closed)
            others += pipe.takeReplies()
            let whole = replies.utf8.prefix(cut).split(separator: 0x0A, omittingEmptySubsequences: false).count - 1
            #expect(pipe.answeredCommandCount == UInt64(whole), "cut at \(cut)")
            #expect(others.map(\.ordinal) == (whole >= 3 ? [2] : []))
            await #expect(throws: TransportError.self) { try await pipe.write(buffer, commandCount: 10) }
            await connection.close()
        }
    }

    @Test func `more replies than commands are a protocol violation`() async throws {
        let server = try ScriptedServer { connection in
            try connection.readCommand()
            try connection.send("+PONG\r\n")
            try connection.readCommand()
            try connection.send("+OK\r\n+OK\r\n")
            connection.waitForClose()
        }
        let connection = try await Self.connect(server.url)
        let pipe = try await connection.openPipe()
        var buffer = ByteBuffer()
        Self.set(1, "v", into: &buffer)
        let error = await #expect(throws: TransportError.self) {
            _ = try await pipe.write(buffer, commandCount: 1)
            _ = try await pipe.drain()
            // The second reply may come a moment after the first one.
            while true { _ = try await pipe.write(ByteBuffer(), commandCount: 0) }
        }
        #expect(error?.code == .protocolViolation)
        await connection.close()
    }

    @Test func `a server that stops to answer is a time-out`() async throws {
        let server = try ScriptedServer { connection in
            try connection.readCommand()
            try connection.send("+PONG\r\n")
            connection.waitForClose()
        }
        var options = ConnectionOptions(url: try NodeURL(server.url))
        options.replyTimeout = .milliseconds(60)
        let connection = try await NodeConnection.connect(options)
        let pipe = try await connection.openPipe()
        var buffer = ByteBuffer()
        Self.set(1, "v", into: &buffer)
        _ = try await pipe.write(buffer, commandCount: 1)
        let error = await #expect(throws: TransportError.self) { _ = try await pipe.drain() }
        #expect(error?.code == .timedOut)
        await connection.close()
    }
}
