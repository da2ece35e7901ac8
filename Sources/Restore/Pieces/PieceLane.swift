import NIOCore
import RESP
import Transport

/// A connection on which values are built piece by piece; opened when the first is, and again after it was lost.
///
/// It names itself after the restore's token before the first temporary key is made, so that whoever finds such a key
/// can see whether its maker lives.
final class PieceLane {
    private struct Open {
        let connection: NodeConnection
        let pipe: CommandPipe
        var database: UInt32
    }

    private let target: ConnectionOptions
    private let manner: RestoreLane.Manner
    private let token: RestoreToken
    private var current: Open?

    init(target: ConnectionOptions, _ manner: RestoreLane.Manner = RestoreLane.Manner(), token: RestoreToken) {
        self.target = target
        self.manner = manner
        self.token = token
    }

    /// Makes the connection ready for commands in a database.
    func open(database: UInt32) async throws(TransportError) {
        if current == nil {
            let connection = try await NodeConnection.connect(target)
            // Refused where CLIENT is forbidden: then the age of a key has to tell.
            _ = try await connection.reply(to: ["CLIENT", "SETNAME", .text(token.clientName)])
            try await manner.prepare(connection)
            _ = try await connection.command("SELECT", .number(Int64(database)))
            current = Open(connection: connection, pipe: try await connection.openPipe(), database: database)
        } else if let open = current, open.database != database {
            var select = ByteBuffer()
            select.writeCommand("SELECT", .number(Int64(database)))
            if let error = try await ask(select, commandCount: 1).first??.error {
                throw TransportError(error, command: "SELECT", address: open.connection.address)
            }
            current?.database = database
        }
    }

    /// Sends whole commands; returns the first error among the answers that have come since the last call.
    func send(_ commands: ByteBuffer, commandCount: Int) async throws(TransportError) -> RESPErrorReply? {
        // A value counts as one record, when it gets its name.
        try await manner.wait(recordCount: 0, byteCount: commands.readableBytes, target.url.address)
        return Self.firstError(
            try await using { pipe throws(TransportError) in
                try await pipe.write(commands, commandCount: commandCount)
            }
        )
    }

    /// Waits for all answers; returns the first error among those that have come since the last call.
    func drain() async throws(TransportError) -> RESPErrorReply? {
        Self.firstError(try await using { pipe throws(TransportError) in try await pipe.drain() })
    }

    /// Sends commands when all before them are answered; returns the answer to each, nil for OK.
    func ask(_ commands: ByteBuffer, commandCount: Int) async throws(TransportError) -> [RESPValue?] {
        try await using { pipe throws(TransportError) in
            _ = try await pipe.drain()
            let first = pipe.submittedCommandCount
            var replies = try await pipe.write(commands, commandCount: commandCount)
            replies += try await pipe.drain()
            var answers = [RESPValue?](repeating: nil, count: commandCount)
            for reply in replies where reply.ordinal >= first { answers[Int(reply.ordinal - first)] = reply.value }
            return answers
        }
    }

    func close() async {
        guard let open = current.take() else { return }
        await open.connection.close()
    }

    /// A connection that failed once is not used again.
    private func using<Value>(
        _ body: (CommandPipe) async throws(TransportError) -> Value
    ) async throws(TransportError) -> Value {
        guard let open = current else {
            throw TransportError(.closed, "\(target.url.address): no connection to build a value on")
        }
        do throws(TransportError) {
            return try await body(open.pipe)
        } catch {
            await close()
            throw error
        }
    }

    /// Errors may stand inside of the answer to EXEC.
    private static func firstError(_ replies: [NumberedReply]) -> RESPErrorReply? {
        for reply in replies {
            if let error = reply.value.error { return error }
            if let error = reply.value.elements?.lazy.compactMap(\.error).first { return error }
        }
        return nil
    }
}
