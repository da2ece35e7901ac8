import TestSupport
import Testing

/// A command with a repository of its own, and what tests do with it again and again.
struct Scenario: Sendable {
    var rewarm: RewarmCommand

    init(inMemory: Bool = false) throws {
        rewarm = try RewarmCommand(inMemory: inMemory)
    }

    /// The options that give the command access to a node: its URL, TLS files, server name.
    static func node(_ role: String, _ server: RedisServer, user: String? = nil) -> [String] {
        var options = ["--\(role)", server.url(user: user)]
        if let certificates = server.certificates {
            options += ["--\(role)-tls-ca", certificates.authority]
            if case .tls(requiringClientCertificate: true) = server.configuration.endpoint {
                options += ["--\(role)-tls-certificate", certificates.clientCertificate]
                options += ["--\(role)-tls-key", certificates.clientKey]
            }
        }
        return options
    }

    /// Runs a verb on this scenario's repository.
    func run(
        _ verb: String,
        _ options: [String] = [],
        environment: [String: String] = [:]
    ) async throws
        -> RewarmCommand.Outcome
    {
        let words = verb.split(separator: " ").map(String.init)
        return try await rewarm.run(words + options + ["--repository", rewarm.repository], environment: environment)
    }

    /// Takes a snapshot, which must succeed, and returns its id.
    @discardableResult
    func snapshot(_ server: RedisServer, _ options: [String] = [], expecting code: Int32 = 0) async throws -> String {
        let outcome = try await run("snapshot", Self.node("source", server) + ["--create", "--json"] + options)
        try #require(outcome.exitCode == code, "\(outcome)")
        return try #require(outcome.summary["snapshot"].text ?? outcome.summary["snapshotID"].text, "\(outcome)")
    }

    /// Restores a snapshot, which must succeed.
    @discardableResult
    func restore(
        _ snapshot: String = "latest",
        to server: RedisServer,
        _ options: [String] = []
    ) async throws
        -> RewarmCommand.Outcome
    {
        let outcome = try await run("restore", [snapshot] + Self.node("target", server) + ["--json"] + options)
        try #require(outcome.exitCode == 0, "\(outcome)")
        return outcome
    }

    /// What every repository must stand at any time: the catalog agrees with the manifests, every archive is whole.
    func expectSound() async throws {
        for (verb, options) in [("catalog check", []), ("verify", ["--all"])] {
            let outcome = try await run(verb, options)
            #expect(outcome.exitCode == 0, "\(verb): \(outcome)")
        }
    }

    /// Fails with the differences in words unless both servers hold the same.
    ///
    /// Deadlines of the target may be early by so many milliseconds.
    static func expectEqual(
        _ source: RedisServer,
        _ target: RedisServer,
        _ context: String,
        earlyBy slack: ClosedRange<Int64> = 0...0
    ) throws {
        let expected = try KeyspaceContents.read(source)
        var found = try KeyspaceContents.read(target)
        for (place, entry) in expected.entries where found.entries[place] != nil && entry.deadline > 0 {
            let early = entry.deadline - (found.entries[place]?.deadline ?? 0)
            if slack.contains(early) { found.entries[place]?.deadline = entry.deadline }
        }
        #expect(found.differences(from: expected) == [], "\(context)")
    }
}
