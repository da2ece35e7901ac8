import Foundation

/// A blocking client of Memcached's text protocol over a plain socket: the oracle of the tests, sharing no code with
/// the sources.
///
/// One task at a time may use it. Replies that do not come within a minute are an error.
package final class MemcachedTestClient {
    private let descriptor: Int32
    private var received: [UInt8] = []
    private var position = 0

    /// An item as the oracle reads it.
    package struct Reading: Hashable, Sendable {
        package var value: [UInt8]
        package var clientFlags: UInt64
        /// Seconds that are left; nil for an item without expiry.
        package var remainingSeconds: Int64?
        package var cas: UInt64
        package var idleSeconds: UInt64
        package var wasHit: Bool
        /// The letters that the server added: W, X, Z, b.
        package var marks: Set<String>
    }

    package init(port: Int) throws {
        descriptor = try SocketCalls.connect(loopbackPort: port)
    }

    package init(unixSocket path: String) throws {
        descriptor = try SocketCalls.connect(unixSocket: path)
    }

    deinit {
        close(descriptor)
    }

    // MARK: Raw

    /// Sends bytes as they are.
    package func send(_ bytes: [UInt8]) throws { try SocketCalls.writeAll(bytes, to: descriptor) }
    package func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// The next line, without its end of one or two bytes.
    package func line() throws -> String { String(decoding: try lineBytes(), as: UTF8.self) }

    package func lineBytes() throws -> [UInt8] {
        while true {
            if let end = received[position...].firstIndex(of: 0x0A) {
                var line = Array(received[position..<end])
                position = end + 1
                if line.last == 0x0D { line.removeLast() }
                return line
            }
            try receive()
        }
    }

    /// The next bytes, so many.
    package func bytes(_ count: Int) throws -> [UInt8] {
        while received.count - position < count { try receive() }
        defer { position += count }
        return Array(received[position..<position + count])
    }

    private func receive() throws {
        if position > 0 {
            received.removeFirst(position)
            position = 0
        }
        try SocketCalls.read(from: descriptor, appendingTo: &received)
    }

    /// Sends a command of one line, and returns its answer of one line.
    @discardableResult
    package func command(_ text: String) throws -> String {
        try send(text + "\r\n")
        return try line()
    }

    /// Authenticates: "user password".
    package func logIn(_ text: String) throws {
        let answer = try command("set x 0 0 \(text.utf8.count)\r\n" + text)
        guard answer == "STORED" else { throw MemcachedTestError.refused(answer) }
    }

    // MARK: Items

    /// The names and values of `stats`, or of a group of it.
    package func stats(_ group: String = "") throws -> [String: String] {
        try send("stats \(group)".trimmingCharacters(in: .whitespaces) + "\r\n")
        var values: [String: String] = [:]
        while true {
            let words = try line().split(separator: " ", maxSplits: 2).map(String.init)
            guard words.first == "STAT" else { return values }
            values[words[1]] = words.count > 2 ? words[2] : ""
        }
    }

    /// Unix seconds by the server's clock.
    package func time() throws -> Int64 {
        guard let time = try stats()["time"].flatMap({ Int64($0) }) else { throw MemcachedTestError.refused("no time") }
        return time
    }

    /// Stores items and waits until all are; those that the server refuses are an error.
    package func store(_ items: some Sequence<MemcachedItems.Item>) throws {
        var encoded: [UInt8] = []
        for item in items {
            encoded += item.command
            if encoded.count > 1 << 20 {
                try send(encoded)
                encoded.removeAll(keepingCapacity: true)
            }
        }
        try send(encoded + Array("mn\r\n".utf8))
        let answer = try line()
        guard answer == "MN" else { throw MemcachedTestError.refused(answer) }
    }

    /// Stores an item over the binary protocol, which takes every key, and waits until it is; this must be the first
    /// that the connection says (memcached doc/protocol-binary.txt).
    package func storeOverBinaryProtocol(
        _ key: [UInt8],
        value: [UInt8],
        clientFlags: UInt32 = 0,
        lifetime: UInt32 = 0
    ) throws {
        func bytes(_ number: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }
        var request: [UInt8] = [0x80, 0x01] + bytes(UInt16(key.count)) + [8, 0, 0, 0]
        request += bytes(UInt32(8 + key.count + value.count)) + [UInt8](repeating: 0, count: 12)
        try send(request + bytes(clientFlags) + bytes(lifetime) + key + value)
        let head = try self.bytes(24)
        guard head[6] == 0, head[7] == 0 else { throw MemcachedTestError.refused("status \(head[7])") }
    }

    /// An item as the server's own walk lists it.
    package struct Listed: Hashable, Sendable {
        /// Unix seconds; -1 for none.
        package var expiry: Int64
        package var lastAccess: Int64
        package var cas: UInt64
        package var isFetched: Bool
        package var slabClass: Int
    }

    /// Every item that `lru_crawler metadump all` lists.
    package func listing() throws -> [[UInt8]: Listed] {
        try send("lru_crawler metadump all\r\n")
        var items: [[UInt8]: Listed] = [:]
        while true {
            let line = try lineBytes()
            if line == Array("END".utf8) || line.starts(with: Array("NOTSTARTED".utf8)) { return items }
            if line == Array("OK".utf8) { continue }
            guard line.starts(with: Array("key=".utf8)) else {
                throw MemcachedTestError.refused(String(decoding: line, as: UTF8.self))
            }
            var fields: [Substring: Substring] = [:]
            let text = String(decoding: line, as: UTF8.self)
            for word in text.split(separator: " ") {
                let parts = word.split(separator: "=", maxSplits: 1)
                if parts.count == 2 { fields[parts[0]] = parts[1] }
            }
            items[Self.unescaped(fields["key"] ?? "")] = Listed(
                expiry: fields["exp"].flatMap { Int64($0) } ?? 0,
                lastAccess: fields["la"].flatMap { Int64($0) } ?? 0,
                cas: fields["cas"].flatMap { UInt64($0) } ?? 0,
                isFetched: fields["fetch"] == "yes",
                slabClass: fields["cls"].flatMap { Int($0) } ?? 0
            )
        }
    }

    private static func unescaped(_ text: Substring) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            bytes.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
            rest = rest.dropFirst(2)
        }
        return bytes
    }

    /// Reads an item without touching it; nil if there is none.
    package func read(_ key: [UInt8], isBinary: Bool) throws -> Reading? {
        let flags = " v k f t c l h u" + (isBinary ? " b" : "") + "\r\n"
        try send(Array("mg ".utf8) + MemcachedItems.encoded(key, isBinary) + Array(flags.utf8))
        return try reading()
    }

    /// The next answer to an `mg` with `v`.
    package func reading() throws -> Reading? {
        let words = try line().split(separator: " ").map(String.init)
        guard words.first == "VA", words.count > 1, let count = Int(words[1]) else {
            if words.first == "EN" { return nil }
            throw MemcachedTestError.refused(words.joined(separator: " "))
        }
        let value = try bytes(count)
        _ = try bytes(2)
        func flag(_ letter: String) -> Substring? {
            words.dropFirst(2).first { $0.hasPrefix(letter) }?.dropFirst()
        }
        return Reading(
            value: value,
            clientFlags: flag("f").flatMap { UInt64($0) } ?? 0,
            remainingSeconds: flag("t").flatMap { Int64($0) }.flatMap { $0 < 0 ? nil : $0 },
            cas: flag("c").flatMap { UInt64($0) } ?? 0,
            idleSeconds: flag("l").flatMap { UInt64($0) } ?? 0,
            wasHit: flag("h") == "1",
            marks: Set(words.dropFirst(2).filter { $0.count == 1 })
        )
    }
}

/// What a server did not do for a test.
package enum MemcachedTestError: Error, Equatable {
    case refused(String)
}
