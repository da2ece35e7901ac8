import Foundation
import Synchronization

/// A proxy in front of a server's TCP port that misbehaves at commands that a test chooses.
///
/// One command at a time goes through each connection, with its answer.
package final class TamperingProxy: Sendable {
    /// What becomes of a command.
    package enum Action: Sendable {
        case pass
        /// The server does not get to see it; the client gets these bytes.
        case answer(String)
        /// It is passed on late.
        case late(milliseconds: Int)
        /// Neither it nor anything behind it is answered.
        case silence
        case close
    }

    /// Chooses by the command's name, in upper case, and its first argument, "" without one.
    package typealias Rule = @Sendable (_ name: String, _ argument: String) -> Action

    /// The loopback port that it listens on.
    package let port: Int
    private let listener: Int32
    private let tamperedCount = Mutex(0)

    package init(to server: RedisServer, _ rule: @escaping Rule) throws {
        (listener, port) = try SocketCalls.listenOnLoopback()
        let serverPort = server.port
        Thread { [listener, weak self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                if descriptor < 0, errno == EINTR { continue }
                guard descriptor >= 0 else { break }
                guard let proxy = self, let onward = try? SocketCalls.connect(loopbackPort: serverPort) else {
                    close(descriptor)
                    continue
                }
                Thread { [weak proxy] in
                    var passage = Passage(client: descriptor, server: onward, rule: rule) {
                        proxy?.tamperedCount.withLock { $0 += 1 }
                    }
                    // It ends with either side.
                    try? passage.run()
                    close(descriptor)
                    close(onward)
                }.start()
            }
            close(listener)
        }.start()
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    package var url: String { "redis://127.0.0.1:\(port)" }
    /// Commands that did not just pass.
    package var count: Int { tamperedCount.withLock { $0 } }

    /// One connection.
    private struct Passage {
        let client: Int32
        let server: Int32
        let rule: Rule
        let onTampering: () -> Void
        private var commands = RESPBytes()
        private var replies = RESPBytes()

        init(client: Int32, server: Int32, rule: @escaping Rule, onTampering: @escaping () -> Void) {
            (self.client, self.server, self.rule, self.onTampering) = (client, server, rule, onTampering)
        }

        mutating func run() throws {
            while true {
                let command = try commands.takeValue(from: client)
                let words = RESPBytes.firstWords(of: command)
                let action = rule(words.name.uppercased(), words.argument)
                if case .pass = action {} else { onTampering() }
                switch action {
                case .pass: try pass(command)
                case .answer(let text): try SocketCalls.writeAll(Array(text.utf8), to: client)
                case .late(let milliseconds):
                    usleep(useconds_t(milliseconds * 1000))
                    try pass(command)
                case .silence: while true { _ = try commands.takeValue(from: client) }
                case .close: return
                }
            }
        }

        private mutating func pass(_ command: [UInt8]) throws {
            try SocketCalls.writeAll(command, to: server)
            try SocketCalls.writeAll(try replies.takeValue(from: server), to: client)
        }
    }
}

/// Bytes from a socket, taken in whole values of the protocol, version 2.
private struct RESPBytes {
    private var bytes: [UInt8] = []
    private var start = 0

    mutating func takeValue(from descriptor: Int32) throws -> [UInt8] {
        while true {
            if let end = Self.end(of: bytes, from: start) {
                defer { start = end }
                return Array(bytes[start..<end])
            }
            bytes.removeFirst(start)
            start = 0
            do {
                try SocketCalls.read(from: descriptor, appendingTo: &bytes)
            } catch RedisClientError.timedOut {
                continue
            }
        }
    }

    /// Where the value that begins at `start` ends; nil if it is not all there.
    private static func end(of bytes: [UInt8], from start: Int) -> Int? {
        guard start < bytes.count, let lineFeed = bytes[start...].firstIndex(of: 0x0A) else { return nil }
        let number = { Int(String(decoding: bytes[(start + 1)..<(lineFeed - 1)], as: UTF8.self)) ?? 0 }
        switch bytes[start] {
        case UInt8(ascii: "$"):
            let end = lineFeed + 1 + (number() < 0 ? 0 : number() + 2)
            return end <= bytes.count ? end : nil
        case UInt8(ascii: "*"):
            var end = lineFeed + 1
            for _ in 0..<max(0, number()) {
                guard let next = Self.end(of: bytes, from: end) else { return nil }
                end = next
            }
            return end
        default: return lineFeed + 1
        }
    }

    /// The first two words of a command, an array of bulk strings.
    static func firstWords(of command: [UInt8]) -> (name: String, argument: String) {
        var words: [String] = []
        var position = (command.firstIndex(of: 0x0A) ?? command.count - 1) + 1
        while words.count < 2, position < command.count, let end = Self.end(of: command, from: position),
            let lineFeed = command[position...].firstIndex(of: 0x0A), lineFeed + 1 <= end - 2
        {
            words.append(String(decoding: command[(lineFeed + 1)..<(end - 2)], as: UTF8.self))
            position = end
        }
        return (words.first ?? "", words.count > 1 ? words[1] : "")
    }
}
