import Foundation
import RESP
import TestSupport
import Testing
import Transport

/// TLS to a real server: certificates are always verified.
struct ServerTLSTests {
    private static func connect(
        _ url: String,
        tls: TLSOptions = TLSOptions()
    ) async throws(TransportError) -> NodeConnection {
        try await NodeConnection.connect(ConnectionOptions(url: try NodeURL(url), tls: tls))
    }

    private static func failure(_ url: String, tls: TLSOptions = TLSOptions()) async -> TransportError? {
        await #expect(throws: TransportError.self) { try await connect(url, tls: tls).close() }
    }

    @Test func `TLS verifies authority and name`() async throws {
        let server = try await RedisServer.start(.init(endpoint: .tls(requiringClientCertificate: false)))
        let authority = try #require(server.certificates?.authority)
        let trusted = TLSOptions(authorityFile: authority)
        let connection = try await Self.connect(server.url, tls: trusted)
        #expect(try await connection.command("PING").text == "PONG")
        await connection.close()
        // An address is verified as such, and a server name takes its place.
        let byAddress = "rediss://127.0.0.1:\(server.port)"
        try await Self.connect(byAddress, tls: trusted).close()
        var named = trusted
        named.serverName = TestCertificates.serverName
        try await Self.connect(byAddress, tls: named).close()
        let untrusted = await Self.failure(server.url)
        #expect(untrusted?.code == .tls(.untrusted))
        #expect(untrusted?.category == .unreachable)
    }

    @Test func `a client certificate is asked for and accepted`() async throws {
        let server = try await RedisServer.start(.init(endpoint: .tls(requiringClientCertificate: true)))
        let files = try #require(server.certificates)
        var options = TLSOptions(authorityFile: files.authority)
        let missing = await Self.failure(server.url, tls: options)
        #expect(missing?.code == .tls(.clientCertificateRefused))
        #expect(missing?.category == .credentials)
        options.certificateFile = files.clientCertificate
        options.keyFile = files.clientKey
        let connection = try await Self.connect(server.url, tls: options)
        #expect(try await connection.command("PING").text == "PONG")
        await connection.close()
    }

    @Test func `a client certificate of another authority is refused`() async throws {
        let server = try await RedisServer.start(.init(endpoint: .tls(requiringClientCertificate: true)))
        let files = try #require(server.certificates)
        let others = try await TestCertificates.make(in: server.directory, prefix: "other-")
        let options = TLSOptions(
            authorityFile: files.authority,
            certificateFile: others.clientCertificate,
            keyFile: others.clientKey
        )
        #expect(await Self.failure(server.url, tls: options)?.code == .tls(.clientCertificateRefused))
    }

    /// A server whose certificate signs itself, for `name` alone; valid for `days` from now.
    private static func startServer(name: String, days: Int) async throws -> (server: RedisServer, authority: String) {
        let directory = try TemporaryDirectory()
        let openssl = try #require(Subprocess.find("openssl"))
        let (key, certificate) = (directory.path("own.key"), directory.path("own.crt"))
        let extensions = try directory.write("subjectAltName=DNS:\(name)\n", to: "extensions")
        let request = directory.path("own.csr")
        let steps = [
            ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=\(name)"]
                + ["-keyout", key, "-out", request],
            ["x509", "-req", "-in", request, "-signkey", key, "-days", "\(days)", "-extfile", extensions]
                + ["-out", certificate],
        ]
        for step in steps {
            let result = try await Subprocess.run(openssl, step)
            #expect(result.exitCode == 0, "\(result.errorText)")
        }
        let server = try await RedisServer.start(
            .init(
                endpoint: .tls(requiringClientCertificate: false),
                lines: ["tls-cert-file \(certificate)", "tls-key-file \(key)"]
            )
        )
        // The files must outlive this directory.
        let copy = try server.directory.write(String(contentsOfFile: certificate, encoding: .utf8), to: "authority.crt")
        return (server, copy)
    }

    @Test func `a certificate for another name is refused, and the server name option accepts it`() async throws {
        let (server, authority) = try await Self.startServer(name: "node.other.test", days: 1)
        var options = TLSOptions(authorityFile: authority)
        let wrongName = await Self.failure(server.url, tls: options)
        #expect(wrongName?.code == .tls(.wrongName))
        #expect(wrongName?.message.contains("another name") == true)
        options.serverName = "node.third.test"
        #expect(await Self.failure(server.url, tls: options)?.code == .tls(.wrongName))
        options.serverName = "node.other.test"
        try await Self.connect(server.url, tls: options).close()
    }

    @Test func `an expired certificate is named so`() async throws {
        let (server, authority) = try await Self.startServer(name: "localhost", days: -1)
        let error = await Self.failure(server.url, tls: TLSOptions(authorityFile: authority))
        #expect(error?.code == .tls(.expired))
        #expect(error?.message.contains("expired") == true)
    }

    @Test func `TLS files that cannot be used are named`() async throws {
        let directory = try TemporaryDirectory()
        let empty = try directory.write("nothing", to: "empty.pem")
        let cases: [(TLSOptions, String)] = [
            (TLSOptions(authorityFile: directory.path("none.pem")), "none.pem"),
            (TLSOptions(authorityFile: empty), "empty.pem"),
            (TLSOptions(certificateFile: empty, keyFile: empty), "empty.pem"),
            (TLSOptions(certificateFile: empty), "key"),
        ]
        for (options, name) in cases {
            let error = await Self.failure("rediss://127.0.0.1:1", tls: options)
            #expect(error?.code == .tls(.configuration))
            #expect(error?.category == .unusableFile)
            #expect(error?.message.contains(name) == true)
        }
    }

    @Test func `plain text to a TLS port and TLS to a plain port are told apart`() async throws {
        let encrypted = try await RedisServer.start(.init(endpoint: .tls(requiringClientCertificate: false)))
        let plain = await Self.failure("redis://127.0.0.1:\(encrypted.port)")
        #expect([.tls(.serverWantsTLS), .closed].contains(plain?.code))
        #expect(plain?.message.contains("rediss://") == true)
        let open = try await RedisServer.start()
        let options = ConnectionOptions(
            url: try NodeURL("rediss://127.0.0.1:\(open.port)"),
            connectTimeout: .milliseconds(500)
        )
        let error = await #expect(throws: TransportError.self) { try await NodeConnection.connect(options).close() }
        // A Redis that gets a handshake waits for the end of a line that never comes.
        #expect([.tls(.serverSpeaksNoTLS), .timedOut].contains(error?.code))
        #expect(error?.message.contains("TLS") == true)
    }
}
