import TestSupport
import Testing

/// Restores by replication to a target that replicates by TLS.
struct ReplicationTLSTests {
    private static let method = ["--method", "replication"]

    private static func certificate(_ target: RedisServer) throws -> [String] {
        let files = try #require(target.certificates)
        return ["--listen-tls-certificate", files.serverCertificate, "--listen-tls-key", files.serverKey]
    }

    /// A snapshot of some keys, and a target that shows its client's certificate to its primary.
    private static func make() async throws -> (scenario: Scenario, source: RedisServer, target: RedisServer) {
        let source = try await RedisServer.start()
        try KeyspaceGenerator.fill(source, seed: 19, keyCount: 300)
        let target = try await RedisServer.start(
            .init(endpoint: .tls(requiringClientCertificate: true), lines: ["tls-replication yes"])
        )
        let files = try #require(target.certificates)
        try target.client().command(
            "CONFIG",
            "SET",
            "tls-client-cert-file",
            RedisArgument(files.clientCertificate),
            "tls-client-key-file",
            RedisArgument(files.clientKey)
        )
        let scenario = try Scenario()
        try await scenario.snapshot(source)
        return (scenario, source, target)
    }

    @Test func `the listener shows its certificate, and the target its own`() async throws {
        let (scenario, source, target) = try await Self.make()
        try await scenario.restore(to: target, Self.method + (try Self.certificate(target)))
        try Scenario.expectEqual(source, target, "restored by TLS")
        #expect(try target.client().info("replication", "role") == "master")
    }

    @Test func `without a certificate it is refused before anything is told to it`() async throws {
        let (scenario, _, target) = try await Self.make()
        let outcome = try await scenario.run("restore", ["latest"] + Scenario.node("target", target) + Self.method)
        #expect(outcome.exitCode == 14, "\(outcome)")
        #expect(outcome.errors.contains("--listen-tls-certificate"), "\(outcome)")
    }

    @Test func `a target that replicates in the clear is not offered TLS`() async throws {
        let (scenario, _, encrypted) = try await Self.make()
        let plain = try await RedisServer.start()
        let options = Self.method + (try Self.certificate(encrypted))
        let outcome = try await scenario.run("restore", ["latest"] + Scenario.node("target", plain) + options)
        #expect(outcome.exitCode == 14, "\(outcome)")
        #expect(outcome.errors.contains("tls-replication no"), "\(outcome)")
        let missing = Self.method + ["--listen-tls-certificate", "/nowhere"]
        let usage = try await scenario.run("restore", ["latest"] + Scenario.node("target", plain) + missing)
        #expect(usage.exitCode == 2, "\(usage)")
    }
}
