import Foundation

/// A blocking RESP2 client over a plain socket: the oracle of the tests, sharing no code with our Transport.
///
/// One task at a time may use it. Replies that do not come within a minute are an error.
package final class RedisClient {
    private let descriptor: Int32
    private var received: [UInt8] = []
    private var position = 0
    /// The name under which the server knows DEBUG: stand-ins of managed services rename it.
    private let debugCommand: RedisArgument

    /// Connects to a Unix socket.
    package init(unixSocket path: String, debugCommand: String = "DEBUG") throws {
        self.debugCommand = RedisArgument(debugCommand)
        descriptor = try SocketCalls.connect(unixSocket: path)
    }

    /// Connects to a TCP port of the loopback interface.
    package init(port: Int, debugCommand: String = "DEBUG") throws {
        self.debugCommand = RedisArgument(debugCommand)
        descriptor = try SocketCalls.connect(loopbackPort: port)
    }

    deinit {
        close(descriptor)
    }

    /// Sends one command; an error reply is thrown.
    @discardableResult
    package func command(_ arguments: RedisArgument...) throws -> RedisReply {
        try command(arguments)
    }

    /// Sends one command; an error reply is thrown.
    @discardableResult
    package func command(_ arguments: [RedisArgument]) throws -> RedisReply {
        let reply = try self.reply(to: arguments)
        if case .error(let message) = reply { throw RedisClientError.serverError(message) }
        return reply
    }

    /// Sends one command; an error reply is a value.
    package func reply(to arguments: [RedisArgument]) throws -> RedisReply {
        try pipeline([arguments])[0]
    }

    /// Sends commands in pieces of bounded size and returns one reply for each; error replies are values.
    package func pipeline(_ commands: [[RedisArgument]]) throws -> [RedisReply] {
        var replies: [RedisReply] = []
        replies.reserveCapacity(commands.count)
        var start = 0
        while start < commands.count {
            var encoded: [UInt8] = []
            var end = start
            while end < commands.count, end == start || (encoded.count < 64 * 1024 && end - start < 500) {
                Self.append(commands[end], to: &encoded)
                end += 1
            }
            try SocketCalls.writeAll(encoded, to: descriptor)
            for _ in start..<end { replies.append(try readReply()) }
            start = end
        }
        return replies
    }

    /// `DEBUG` with these arguments, under the name that this server has for it.
    @discardableResult
    package func debug(_ arguments: RedisArgument...) throws -> RedisReply {
        try command([debugCommand] + arguments)
    }

    /// `DEBUG DIGEST-VALUE key...` as a command to be pipelined.
    package func digestValueCommand(_ key: [UInt8]) -> [RedisArgument] {
        [debugCommand, "DIGEST-VALUE", RedisArgument(key)]
    }

    /// One field of `INFO section`, nil if it is not there.
    package func info(_ section: String, _ field: String) throws -> String? {
        let text = try command("INFO", RedisArgument(section)).text ?? ""
        for line in text.split(whereSeparator: \.isNewline) where line.hasPrefix(field + ":") {
            return String(line.dropFirst(field.count + 1))
        }
        return nil
    }

    /// Writes bytes as they are, for tests of what is not a command.
    package func sendRaw(_ bytes: [UInt8]) throws {
        try SocketCalls.writeAll(bytes, to: descriptor)
    }

    /// Everything that comes until the other end closes the connection.
    package func readRest() throws -> [UInt8] {
        do {
            while true { try fill() }
        } catch RedisClientError.connectionClosed {
            defer { position = received.count }
            return Array(received[position...])
        }
    }

    /// Reads the next reply of what `sendRaw` asked.
    package func readReply() throws -> RedisReply {
        let line = try readLine()
        guard let kind = line.first else { throw RedisClientError.malformedReply }
        let rest = String(decoding: line.dropFirst(), as: UTF8.self)
        switch kind {
        case UInt8(ascii: "+"): return .status(rest)
        case UInt8(ascii: "-"): return .error(rest)
        case UInt8(ascii: ":"):
            guard let value = Int64(rest) else { throw RedisClientError.malformedReply }
            return .integer(value)
        case UInt8(ascii: "$"):
            guard let count = Int(rest) else { throw RedisClientError.malformedReply }
            return count < 0 ? .null : .bulk(try readBulk(count))
        case UInt8(ascii: "*"):
            guard let count = Int(rest) else { throw RedisClientError.malformedReply }
            return count < 0 ? .null : .array(try (0..<count).map { _ in try readReply() })
        default: throw RedisClientError.malformedReply
        }
    }

    private static func append(_ command: [RedisArgument], to encoded: inout [UInt8]) {
        encoded += Array("*\(command.count)\r\n".utf8)
        for argument in command {
            encoded += Array("$\(argument.bytes.count)\r\n".utf8)
            encoded += argument.bytes
            encoded += [13, 10]
        }
    }

    private func readLine() throws -> [UInt8] {
        var searched = position
        while true {
            if let end = received[searched...].firstIndex(of: 13), end + 1 < received.count {
                defer { position = end + 2 }
                return Array(received[position..<end])
            }
            searched = max(position, received.count - 1)
            let kept = searched - position
            try fill()
            searched = position + kept
        }
    }

    private func readBulk(_ count: Int) throws -> [UInt8] {
        while received.count - position < count + 2 { try fill() }
        defer { position += count + 2 }
        return Array(received[position..<position + count])
    }

    private func fill() throws {
        if position > 0 {
            received.removeFirst(position)
            position = 0
        }
        try SocketCalls.read(from: descriptor, appendingTo: &received)
    }
}

package enum RedisClientError: Error, Equatable {
    case serverError(String)
    case malformedReply
    case connectionClosed
    case timedOut
}
