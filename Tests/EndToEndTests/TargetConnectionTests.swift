import Foundation
import TestSupport
import Testing

/// The options with which the command reaches a target, and what it says where they are wrong.
@Suite(.serialized)
struct TargetConnectionTests {
    private static func prepared() async throws -> Scenario {
        let source = try await RedisServer.start()
        try KeyspaceGenerator.fill(source, seed: 68, keyCount: 50)
        let scenario = try Scenario()
        try await scenario.snapshot(source)
        return scenario
    }

    @Test func `a target with TLS is written with the right files and refused with others`() async throws {
        let scenario = try await Self.prepared()
        var configuration = RedisServer.Configuration(endpoint: .tls(requiringClientCertificate: true))
        configuration.certificateNames = "DNS:\(TestCertificates.serverName)"
        let target = try await RedisServer.start(configuration)
        let files = try #require(target.certificates)
        let url = ["--target", target.url]
        let name = ["--target-tls-server-name", TestCertificates.serverName]
        let client = ["--target-tls-certificate", files.clientCertificate, "--target-tls-key", files.clientKey]
        let authority = ["--target-tls-ca", files.authority]
        let absent = scenario.rewarm.directory.path("absent.pem")
        let cases: [(options: [String], code: Int32, word: String)] = [
            (url + name + authority, 12, "client certificate"),
            (url + name + client, 20, "not signed by a trusted authority"),
            (url + client + authority, 20, "is for another name"),
            (url + name + client + ["--target-tls-ca", absent], 1, absent),
            (url + name + authority + ["--target-tls-certificate", absent, "--target-tls-key", absent], 1, absent),
            (url + name + authority + ["--target-tls-certificate", files.clientCertificate], 2, "belong together"),
            (["--target", target.url.replacing("rediss:", with: "redis:")], 20, "use rediss://"),
            (["--target", target.url.replacing("rediss:", with: "redis:")] + authority, 2, "write rediss://"),
            (url + name + client + authority, 0, ""),
        ]
        for (options, code, word) in cases {
            let outcome = try await scenario.run("restore", ["latest"] + options)
            #expect(outcome.exitCode == code, "\(options): \(outcome)")
            #expect(word.isEmpty || outcome.errors.contains(word), "\(options): \(outcome)")
            if code != 0 { #expect(try target.client().command("DBSIZE") == .integer(0)) }
        }
        #expect(try target.client().command("DBSIZE") != .integer(0))
    }

    @Test func `a plain target that is spoken to with TLS is given up in time`() async throws {
        let scenario = try await Self.prepared()
        let target = try await RedisServer.start()
        let url = target.url.replacing("redis:", with: "rediss:")
        let outcome = try await scenario.run(
            "restore",
            ["latest", "--target", url, "--target-connect-timeout", "300ms"]
        )
        #expect(outcome.exitCode == 20 && outcome.errors.contains("TLS"), "\(outcome)")
    }

    @Test func `a database in a URL is a usage error for source and target`() async throws {
        let scenario = try await Self.prepared()
        let node = try await RedisServer.start()
        let source = try await scenario.run("snapshot", ["--source", node.url(database: 3)])
        #expect(source.exitCode == 2 && source.errors.contains("every database"), "\(source)")
        let target = try await scenario.run("restore", ["latest", "--target", node.url(database: 3)])
        #expect(target.exitCode == 2 && target.errors.contains("--database"), "\(target)")
    }
}
