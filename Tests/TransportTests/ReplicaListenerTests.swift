import NIOCore
import TestSupport
import Testing
import Transport

/// The listener that plays the primary, against connections of all sorts.
struct ReplicaListenerTests {
    private static let history = String(repeating: "a", count: 40)
    private static let payload = [UInt8]("REDIS0010 and what follows".utf8)

    private static func open(
        addresses: Set<String> = ["127.0.0.1"],
        history: String? = Self.history
    ) async throws -> ReplicaListener {
        let expectation = ReplicaListener.Expectation(addresses: addresses, replicationID: history)
        return try await ReplicaListener.open(host: "127.0.0.1", port: 0, expectation)
    }

    /// The lines of a handshake, each answered with one of the replies.
    private static func shake(_ client: RedisClient, capabilities: Bool = true) throws {
        #expect(try client.command("PING").text == "PONG")
        for words: [RedisArgument] in [
            ["AUTH", "someone", "something"], ["REPLCONF", "listening-port", "6380"],
            ["REPLCONF", "ip-address", "10.0.0.1"], ["REPLCONF", "version", "9.1.2"],
        ] { #expect(try client.command(words).text == "OK") }
        if capabilities { #expect(try client.command("REPLCONF", "capa", "eof", "capa", "psync2").text == "OK") }
    }

    private static func psync(_ client: RedisClient, _ history: String = Self.history) throws {
        try client.sendRaw(Array("*3\r\n$5\r\nPSYNC\r\n$\(history.utf8.count)\r\n\(history)\r\n$1\r\n1\r\n".utf8))
    }

    /// Serves the payload to the replica that has asked for it, and closes.
    private static func serve(_ listener: ReplicaListener) async throws {
        let feed = try await listener.replica(within: .seconds(30))
        let framing: ReplicaFeed.Framing = feed.knowsMarker ? .marker : .length(UInt64(payload.count))
        try await feed.begin(framing)
        try await feed.write(ByteBuffer(bytes: payload))
        try await feed.finish(framing)
        await feed.close()
    }

    @Test(arguments: [true, false]) func `a replica gets its payload, by marker or by length`(
        knowsMarker: Bool
    ) async throws {
        let listener = try await Self.open()
        let client = try RedisClient(port: listener.port)
        try Self.shake(client, capabilities: knowsMarker)
        try Self.psync(client)
        try await Self.serve(listener)
        let words = try client.readReply().text?.split(separator: " ") ?? []
        #expect(words.first == "FULLRESYNC" && words.count == 3 && words[1].utf8.count == 40)
        let rest = try client.readRest()
        let text = String(decoding: rest, as: UTF8.self)
        if knowsMarker {
            let marker = String(text.dropFirst(5).prefix(40))
            #expect(text == "$EOF:\(marker)\r\n" + String(decoding: Self.payload, as: UTF8.self) + marker)
        } else {
            #expect(text == "$\(Self.payload.count)\r\n" + String(decoding: Self.payload, as: UTF8.self))
        }
        await listener.close()
    }

    @Test func `words on a line, as servers up to 6.0 send them, are a handshake too`() async throws {
        let listener = try await Self.open()
        let client = try RedisClient(port: listener.port)
        for (line, answer) in [("PING", "PONG"), ("AUTH secret", "OK"), ("REPLCONF capa eof", "OK")] {
            try client.sendRaw(Array((line + "\r\n").utf8))
            #expect(try client.readReply().text == answer)
        }
        try client.sendRaw(Array("\nPSYNC \(Self.history) 1\r\n".utf8))
        try await Self.serve(listener)
        #expect(try client.readReply().text?.hasPrefix("FULLRESYNC") ?? false)
        await listener.close()
    }

    @Test func `who comes from another address is turned away, and named`() async throws {
        let listener = try await Self.open(addresses: ["127.0.0.2"])
        let client = try RedisClient(port: listener.port)
        #expect(throws: (any Error).self) { try client.command("PING") }
        let error = await #expect(throws: TransportError.self) { try await listener.replica(within: .milliseconds(1)) }
        #expect(error?.code == .timedOut)
        #expect(error?.message.contains("a connection from 127.0.0.1:") ?? false, "\(String(describing: error))")
        await listener.close()
    }

    @Test func `who presents another history is refused, and the right one is served after it`() async throws {
        let listener = try await Self.open()
        let wrong = try RedisClient(port: listener.port)
        try Self.shake(wrong)
        try Self.psync(wrong, String(repeating: "b", count: 40))
        #expect(throws: (any Error).self) { try wrong.command("PING") }
        let right = try RedisClient(port: listener.port)
        try Self.shake(right)
        try Self.psync(right)
        try await Self.serve(listener)
        #expect(try right.readReply().text?.hasPrefix("FULLRESYNC") ?? false)
        #expect(listener.refusals.contains { $0.contains("another history") })
        await listener.close()
    }

    @Test func `only one synchronisation is served`() async throws {
        let listener = try await Self.open()
        let first = try RedisClient(port: listener.port)
        try Self.shake(first)
        try Self.psync(first)
        let feed = try await listener.replica(within: .seconds(30))
        let second = try RedisClient(port: listener.port)
        try Self.shake(second)
        try Self.psync(second)
        guard case .error(let text) = try second.readReply() else {
            Issue.record("the second PSYNC was not refused")
            return
        }
        #expect(text.contains("second synchronisation"))
        #expect(throws: (any Error).self) { try second.command("PING") }
        try await feed.begin(.marker)
        #expect(try first.readReply().text?.hasPrefix("FULLRESYNC") ?? false)
        await feed.close()
        await listener.close()
    }

    @Test func `a TLS handshake is named as what it is`() async throws {
        let listener = try await Self.open()
        let client = try RedisClient(port: listener.port)
        try client.sendRaw([0x16, 3, 1, 0, 10])
        #expect(throws: (any Error).self) { try client.readReply() }
        let error = await #expect(throws: TransportError.self) { try await listener.replica(within: .milliseconds(1)) }
        #expect(error?.message.contains("tls-replication") ?? false)
        await listener.close()
    }

    @Test func `who shows no certificate of the trusted authority is turned away`() async throws {
        let directory = try TemporaryDirectory()
        let files = try await TestCertificates.make(in: directory)
        let tls = ListenerTLS(
            certificateFile: files.serverCertificate,
            keyFile: files.serverKey,
            authorityFile: files.authority
        )
        let expectation = ReplicaListener.Expectation(addresses: ["127.0.0.1"], replicationID: nil)
        let listener = try await ReplicaListener.open(host: "127.0.0.1", port: 0, tls: tls, expectation)
        let openssl = try #require(Subprocess.find("openssl"))
        let address = ["-connect", "127.0.0.1:\(listener.port)", "-CAfile", files.authority, "-ign_eof"]
        let client = try Subprocess(openssl, ["s_client"] + address)
        let result = await client.wait(atMost: .seconds(30))
        #expect(result.exitCode != 0, "\(result)")
        #expect(listener.refusals.contains { $0.contains("TLS handshake that failed") }, "\(listener.refusals)")
        await listener.close()
    }

    @Test func `files that are no certificate are named`() async throws {
        let tls = ListenerTLS(certificateFile: "/nowhere/cert.pem", keyFile: "/nowhere/key.pem")
        let expectation = ReplicaListener.Expectation(addresses: [], replicationID: nil)
        let error = await #expect(throws: TransportError.self) {
            _ = try await ReplicaListener.open(host: "127.0.0.1", port: 0, tls: tls, expectation)
        }
        #expect(error?.message.contains("/nowhere/cert.pem") ?? false)
    }

    @Test func `commands of clients are refused, and garbage ends the connection`() async throws {
        let listener = try await Self.open()
        let client = try RedisClient(port: listener.port)
        guard case .error(let text) = try client.reply(to: ["GET", "key"]) else {
            Issue.record("GET was answered")
            return
        }
        #expect(text.contains("replicas only"))
        let other = try RedisClient(port: listener.port)
        try other.sendRaw(Array("*1\r\n$x\r\n".utf8))
        #expect(throws: (any Error).self) { try other.readReply() }
        await listener.close()
    }

    @Test func `a replica that goes away in the middle is an error of the writer`() async throws {
        let listener = try await Self.open()
        var client: RedisClient? = try RedisClient(port: listener.port)
        if let client {
            try Self.shake(client)
            try Self.psync(client)
        }
        let feed = try await listener.replica(within: .seconds(30))
        try await feed.begin(.marker)
        client = nil
        let piece = ByteBuffer(repeating: 7, count: 1 << 20)
        let error = await #expect(throws: TransportError.self) { for _ in 0..<200 { try await feed.write(piece) } }
        #expect(error?.code == .transferCut)
        await feed.close()
        await listener.close()
    }

    @Test func `cancelling ends the wait`() async throws {
        let listener = try await Self.open()
        let waiting = Task { try await listener.replica(within: .seconds(600)) }
        waiting.cancel()
        await #expect(throws: TransportError.self) { _ = try await waiting.value }
        await listener.close()
    }
}
