import NIOCore
import RESP
import TestSupport
import Testing
import Transport

/// The replica hand-over over a socket, against a server that misbehaves.
struct ReplicaStreamTests {
    /// Answers the handshake; after PSYNC or SYNC sends `transfer` and closes, unless `keepsOpen`.
    private static func serve(
        _ connection: ScriptedConnection,
        transfer: [UInt8],
        keepsOpen: Bool = false,
        replies: [String: String] = [:]
    ) throws {
        while true {
            let command = try connection.readCommand()
            if let reply = replies[command.joined(separator: " ")] {
                try connection.send(reply)
                continue
            }
            switch command[0] {
            case "PSYNC", "SYNC":
                try connection.send(transfer)
                if keepsOpen { connection.waitForClose() }
                return
            case "REPLCONF": try connection.send("+OK\r\n")
            default: try connection.send("+PONG\r\n")
            }
        }
    }

    private static func connect(_ server: ScriptedServer) async throws -> NodeConnection {
        try await NodeConnection.connect(ConnectionOptions(url: try NodeURL(server.url)))
    }

    /// The payload of a whole transfer.
    private static func read(_ stream: inout ReplicaStream) async throws(TransportError) -> [UInt8] {
        var payload: [UInt8] = []
        while let chunk = try await stream.next() { payload += Array(chunk.readableBytesView) }
        return payload
    }

    @Test(arguments: [true, false]) func `a whole transfer gives its payload, id and offset`(
        isMarked: Bool
    ) async throws {
        let transfer = isMarked ? ReplicaSamples.marked : ReplicaSamples.counted
        let server = try ScriptedServer { try Self.serve($0, transfer: transfer, keepsOpen: true) }
        let connection = try await Self.connect(server)
        var stream = try await connection.becomeReplica(ReplicaOptions(transfer: isMarked ? .diskless : .disk))
        #expect(stream.kind == (isMarked ? .eofMarker : .length(UInt64(ReplicaSamples.payload.count))))
        #expect(stream.replicationID == ReplicaSamples.replicationID)
        #expect(stream.replicationOffset == 1234)
        #expect(stream.isRDBOnly)
        #expect(try await Self.read(&stream) == ReplicaSamples.payload)
        #expect(try await stream.next() == nil)
        var expected = [["PING"], ["REPLCONF", "rdb-only", "1"], ["REPLCONF", "capa", "eof"], ["PSYNC", "?", "-1"]]
        if !isMarked { expected.remove(at: 2) }
        #expect(server.commands == expected)
    }

    @Test(arguments: [true, false]) func `a transfer cut at any byte is an error`(isMarked: Bool) async throws {
        let transfer = isMarked ? ReplicaSamples.marked : ReplicaSamples.counted
        let server = try ScriptedServer { connection in
            try Self.serve(connection, transfer: Array(transfer.prefix(connection.number - 1)))
        }
        for cut in transfer.indices {
            let connection = try await Self.connect(server)
            let error = await #expect(throws: TransportError.self, "cut at \(cut)") {
                var stream = try await connection.becomeReplica()
                _ = try await Self.read(&stream)
            }
            #expect(error?.code == .transferCut, "cut at \(cut)")
            #expect(error?.category == .unreachable)
            await connection.close()
        }
        #expect(server.connectionCount == transfer.count)
    }

    @Test func `a transfer that is reset is a cut that says what to change`() async throws {
        let server = try ScriptedServer { connection in
            try Self.serve(connection, transfer: Array(ReplicaSamples.marked.dropLast(60)))
            connection.reset()
        }
        let connection = try await Self.connect(server)
        let error = await #expect(throws: TransportError.self) {
            var stream = try await connection.becomeReplica()
            _ = try await Self.read(&stream)
        }
        #expect(error?.code == .transferCut)
        #expect(error?.message.contains("repl-timeout") == true)
        #expect(error?.message.contains("client-output-buffer-limit") == false)
    }

    @Test(arguments: [0, 1, 60, 130, 170]) func `a transfer that stalls is an error`(byteCount: Int) async throws {
        let server = try ScriptedServer { connection in
            try Self.serve(connection, transfer: Array(ReplicaSamples.marked.prefix(byteCount)), keepsOpen: true)
        }
        let connection = try await Self.connect(server)
        let error = await #expect(throws: TransportError.self) {
            var stream = try await connection.becomeReplica(ReplicaOptions(stallTimeout: .milliseconds(60)))
            _ = try await Self.read(&stream)
        }
        #expect(error?.code == .transferStalled)
        #expect(error?.message.contains("60 ms") == true)
        await connection.close()
    }

    @Test func `keepalive newlines keep a slow server alive`() async throws {
        let slow = try ScriptedServer { connection in
            for _ in 0..<3 {
                let command = try connection.readCommand()
                try connection.send(command[0] == "PING" ? "+PONG\r\n" : "+OK\r\n")
            }
            try connection.readCommand()
            for _ in 0..<12 {
                try connection.send("\n")
                usleepForPacing(25_000)
            }
            try connection.send(ReplicaSamples.marked)
            connection.waitForClose()
        }
        let connection = try await Self.connect(slow)
        var stream = try await connection.becomeReplica(ReplicaOptions(stallTimeout: .milliseconds(200)))
        #expect(try await Self.read(&stream) == ReplicaSamples.payload)
    }

    @Test(arguments: [
        "+CONTINUE\r\n", ":1\r\n", "+FULLRESYNC\r\n", "+OK\r\n", "$EOF:short\r\n", "\u{15}\u{3}\u{3}\n",
        ReplicaSamples.acknowledgement + "$-5\r\n", ReplicaSamples.acknowledgement + "+OK\r\n",
        ReplicaSamples.acknowledgement + String(repeating: "y", count: 3000),
    ])
    func `a wrong reply is a protocol violation`(reply: String) async throws {
        let server = try ScriptedServer { try Self.serve($0, transfer: Array(reply.utf8), keepsOpen: true) }
        let connection = try await Self.connect(server)
        let error = await #expect(throws: TransportError.self) { _ = try await connection.becomeReplica() }
        #expect(error?.code == .protocolViolation)
        await connection.close()
    }

    @Test func `a server without PSYNC is asked by SYNC`() async throws {
        let transfer = Array("\n$\(ReplicaSamples.payload.count)\r\n".utf8) + ReplicaSamples.payload
        let server = try ScriptedServer { connection in
            try Self.serve(
                connection,
                transfer: transfer,
                keepsOpen: true,
                replies: ["PSYNC ? -1": "-ERR unknown command `PSYNC`, with args beginning with: `?`, `-1`, \r\n"]
            )
        }
        let connection = try await Self.connect(server)
        var stream = try await connection.becomeReplica()
        #expect(stream.replicationID == nil)
        #expect(try await Self.read(&stream) == ReplicaSamples.payload)
    }

    @Test func `a server without PSYNC and SYNC points to the scan`() async throws {
        let server = try ScriptedServer { connection in
            try connection.answer { $0[0] == "PING" ? "+PONG\r\n" : "-ERR unknown command '\($0[0])'\r\n" }
        }
        let connection = try await Self.connect(server)
        let error = await #expect(throws: TransportError.self) { _ = try await connection.becomeReplica() }
        #expect(error?.code == .replicationRefused)
        #expect(error?.isUnknownCommand == true)
        #expect(error?.message.contains("--method scan") == true)
        await connection.close()
    }

    @Test func `a replica without its primary is named so`() async throws {
        let text = "-NOMASTERLINK Can't SYNC while not connected with my master\r\n"
        let server = try ScriptedServer { try Self.serve($0, transfer: Array(text.utf8), keepsOpen: true) }
        let connection = try await Self.connect(server)
        let error = await #expect(throws: TransportError.self) { _ = try await connection.becomeReplica() }
        #expect(error?.code == .replicationRefused)
        #expect(error?.message.contains("link to its primary is down") == true)
        await connection.close()
    }

    @Test func `a missing REPLCONF permission names all that is needed`() async throws {
        let server = try ScriptedServer { connection in
            try Self.serve(
                connection,
                transfer: [],
                replies: [
                    "REPLCONF rdb-only 1":
                        "-NOPERM User backup has no permissions to run the 'replconf' command\r\n"
                ]
            )
        }
        let connection = try await Self.connect(server)
        let error = await #expect(throws: TransportError.self) { _ = try await connection.becomeReplica() }
        #expect(error?.code == .permissionDenied)
        #expect(error?.missingPermission == "+replconf")
        #expect(error?.message.contains("+psync +sync +replconf +ping") == true)
        await connection.close()
    }

    @Test func `an old server that does not know rdb-only gets acknowledgements`() async throws {
        let server = try ScriptedServer { connection in
            for reply in ["+PONG\r\n", "-ERR Unrecognized REPLCONF option: rdb-only\r\n", "+OK\r\n"] {
                try connection.readCommand()
                try connection.send(reply)
            }
            try connection.readCommand()
            try connection.send(Array(ReplicaSamples.marked.dropLast(20)))
            // The rest comes only after two acknowledgements.
            try connection.readCommand()
            try connection.readCommand()
            try connection.send(Array(ReplicaSamples.marked.suffix(20)) + Array("*1\r\n$4\r\nPING\r\n".utf8))
            connection.waitForClose()
        }
        let connection = try await Self.connect(server)
        var stream = try await connection.becomeReplica()
        #expect(!stream.isRDBOnly)
        #expect(try await Self.read(&stream) == ReplicaSamples.payload)
        #expect(server.commands.suffix(2) == [["REPLCONF", "ACK", "0"], ["REPLCONF", "ACK", "0"]])
    }

    @Test func `an old server that cuts points to its output buffer limit, too`() async throws {
        let server = try ScriptedServer { connection in
            try Self.serve(
                connection,
                transfer: Array(ReplicaSamples.marked.dropLast(50)),
                replies: ["REPLCONF rdb-only 1": "-ERR Unrecognized REPLCONF option: rdb-only\r\n"]
            )
        }
        let connection = try await Self.connect(server)
        let error = await #expect(throws: TransportError.self) {
            var stream = try await connection.becomeReplica()
            _ = try await Self.read(&stream)
        }
        #expect(error?.code == .transferCut)
        #expect(error?.message.contains("client-output-buffer-limit") == true)
        await connection.close()
    }

    @Test func `the version is presented only where it is given`() async throws {
        let server = try ScriptedServer { try Self.serve($0, transfer: ReplicaSamples.marked, keepsOpen: true) }
        let connection = try await Self.connect(server)
        var stream = try await connection.becomeReplica(ReplicaOptions(presentedVersion: "9.1.0"))
        _ = try await Self.read(&stream)
        #expect(server.commands.contains(["REPLCONF", "version", "9.1.0"]))
        #expect(!server.commands.joined().contains("listening-port"))
    }

    @Test func `a consumer that does not read stops the reading and loses nothing`() async throws {
        let byteCount = 24 * 1024 * 1024
        let payload = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 12) }
        let server = try ScriptedServer { connection in
            try Self.serve(
                connection,
                transfer: Array("\(ReplicaSamples.acknowledgement)$\(byteCount)\r\n".utf8) + payload
            )
            connection.waitForClose()
        }
        let connection = try await Self.connect(server)
        var stream = try await connection.becomeReplica(ReplicaOptions(transfer: .disk))
        // Until reading has paused, nothing is taken.
        while stream.pausedTime == .zero { await Task.yield() }
        var offset = 0
        var isEqual = true
        while let chunk = try await stream.next() {
            isEqual = isEqual && chunk.readableBytesView.elementsEqual(payload[offset..<offset + chunk.readableBytes])
            offset += chunk.readableBytes
        }
        #expect(isEqual)
        #expect(offset == byteCount)
        #expect(stream.pausedTime > .zero)
    }

    @Test func `cancelling a consumer that waits ends the transfer`() async throws {
        let server = try ScriptedServer { connection in
            try Self.serve(connection, transfer: Array(ReplicaSamples.marked.dropLast(60)), keepsOpen: true)
        }
        let connection = try await Self.connect(server)
        let stream = try await connection.becomeReplica()
        let task = Task { () -> TransportError? in
            var stream = stream
            do throws(TransportError) {
                while try await stream.next() != nil {}
                return nil
            } catch {
                return error
            }
        }
        task.cancel()
        #expect(await task.value?.code == .cancelled)
    }
}
