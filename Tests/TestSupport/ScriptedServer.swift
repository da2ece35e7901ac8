import Foundation
import Synchronization

/// A server that misbehaves as a test says: each connection is served by a script on a thread of its own.
///
/// Nothing here knows RESP beyond splitting commands, so that replies can be cut at any byte.
package final class ScriptedServer: Sendable {
    package typealias Script = @Sendable (ScriptedConnection) throws -> Void

    /// The loopback port that it listens on.
    package let port: Int
    private let listener: Int32
    private let state = Mutex(State())

    private struct State {
        var commands: [[String]] = []
        var connectionCount = 0
        var isStopped = false
    }

    /// Starts to listen; `script` runs once for each connection, which is closed when it returns or throws.
    package init(_ script: @escaping Script) throws {
        (listener, port) = try SocketCalls.listenOnLoopback()
        // The thread ends when the object does: deinit shuts the listener down.
        Thread { [listener, weak self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                if descriptor < 0, errno == EINTR { continue }
                guard descriptor >= 0 else { break }
                guard let server = self else {
                    close(descriptor)
                    break
                }
                server.serve(descriptor, script)
            }
            close(listener)
        }.start()
    }

    deinit {
        stop()
    }

    package var url: String { "redis://127.0.0.1:\(port)" }

    /// The commands that all connections have read so far, with their arguments.
    package var commands: [[String]] { state.withLock { $0.commands } }

    package var connectionCount: Int { state.withLock { $0.connectionCount } }

    /// Refuses connections from now on.
    package func stop() {
        let isFirst = state.withLock { state in
            defer { state.isStopped = true }
            return !state.isStopped
        }
        if isFirst { shutdown(listener, Int32(SHUT_RDWR)) }
    }

    private func serve(_ descriptor: Int32, _ script: @escaping Script) {
        let number = state.withLock { state in
            state.connectionCount += 1
            return state.connectionCount
        }
        Thread { [weak self] in
            let connection = ScriptedConnection(descriptor: descriptor, number: number) { command in
                self?.state.withLock { $0.commands.append(command) }
            }
            // A script's own reads and writes fail when the peer goes away first: nothing is left to do then.
            try? script(connection)
            connection.close()
        }.start()
    }
}

/// One connection of a `ScriptedServer`, for its script alone.
package final class ScriptedConnection {
    /// 1 for the server's first connection.
    package let number: Int
    private var descriptor: Int32
    private var received: [UInt8] = []
    private let onCommand: ([String]) -> Void

    init(descriptor: Int32, number: Int, onCommand: @escaping ([String]) -> Void) {
        self.descriptor = descriptor
        self.number = number
        self.onCommand = onCommand
    }

    /// Reads one command, an array of bulk strings; the end of the connection is an error.
    @discardableResult
    package func readCommand() throws -> [String] {
        while true {
            if let command = takeCommand() {
                onCommand(command)
                return command
            }
            try SocketCalls.read(from: descriptor, appendingTo: &received)
        }
    }

    /// Reads so many bytes.
    package func readBytes(_ count: Int) throws -> [UInt8] {
        while received.count < count { try SocketCalls.read(from: descriptor, appendingTo: &received) }
        defer { received.removeFirst(count) }
        return Array(received.prefix(count))
    }

    /// Answers commands until the connection ends; nil answers nothing.
    package func answer(_ reply: ([String]) throws -> String?) throws {
        while true {
            let command = try readCommand()
            if let text = try reply(command) { try send(text) }
        }
    }

    /// Reads one line of a protocol of lines, without its end; the end of the connection is an error.
    package func readLine() throws -> String {
        while true {
            if let end = received.firstIndex(of: 0x0A) {
                let line = String(decoding: received[..<end], as: UTF8.self)
                received.removeFirst(end + 1)
                onCommand([line.trimmingCharacters(in: .newlines)])
                return line.trimmingCharacters(in: .newlines)
            }
            try SocketCalls.read(from: descriptor, appendingTo: &received)
        }
    }

    package func send(_ text: String) throws {
        try send(Array(text.utf8))
    }

    package func send(_ bytes: [UInt8]) throws {
        guard !bytes.isEmpty else { return }
        try SocketCalls.writeAll(bytes, to: descriptor)
    }

    /// Reads and drops bytes until the peer closes.
    package func waitForClose() {
        while (try? SocketCalls.read(from: descriptor, appendingTo: &received)) != nil { received = [] }
    }

    package func close() {
        guard descriptor >= 0 else { return }
        Foundation.close(descriptor)
        descriptor = -1
    }

    /// Closes with a reset instead of an end.
    package func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        close()
    }

    private func takeCommand() -> [String]? {
        var position = 0
        guard let count = number(marker: "*", at: &position) else { return nil }
        var arguments: [String] = []
        for _ in 0..<count {
            guard let length = number(marker: "$", at: &position), received.count >= position + length + 2 else {
                return nil
            }
            arguments.append(String(decoding: received[position..<position + length], as: UTF8.self))
            position += length + 2
        }
        received.removeFirst(position)
        return arguments
    }

    private func number(marker: Character, at position: inout Int) -> Int? {
        guard let end = received[position...].firstIndex(of: 0x0A) else { return nil }
        let line = String(decoding: received[position..<end - 1], as: UTF8.self)
        position = end + 1
        return line.first == marker ? Int(line.dropFirst()) : nil
    }
}

extension SocketCalls {
    /// A listening socket on a free port of the loopback interface.
    static func listenOnLoopback() throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw TestSystemCallError(call: "socket", number: errno) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && listen(descriptor, 128) == 0
                    && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard isListening else {
            close(descriptor)
            throw TestSystemCallError(call: "bind", number: errno)
        }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }
}
