import Foundation
import TestSupport
import Testing

/// The built command with a repository of its own and, where a test asks for it, a source with a few keys.
struct Bench: Sendable {
    static let password = "pa55-word-of-the-tests"

    let rewarm: RewarmCommand

    init() throws {
        rewarm = try RewarmCommand()
    }

    /// Runs a command line on this repository; "hold add" is one verb of two words.
    func run(
        _ verb: String,
        _ options: [String] = [],
        environment: [String: String] = [:]
    ) async throws -> RewarmCommand.Outcome {
        try await rewarm.run(words(verb, options), environment: environment)
    }

    func start(_ verb: String, _ options: [String] = []) throws -> Subprocess {
        try rewarm.start(words(verb, options))
    }

    private func words(_ verb: String, _ options: [String]) -> [String] {
        verb.split(separator: " ").map { String($0) } + options + ["--repository", rewarm.repository]
    }

    /// A source with one key of each type and one that expires in an hour.
    static func source(_ configuration: RedisServer.Configuration = .init()) async throws -> RedisServer {
        let server = try await RedisServer.start(configuration)
        let client = try server.client()
        try client.command("SET", "greeting", "hello")
        try client.command("SET", "soon", "gone", "EX", "3600")
        try client.command("RPUSH", "list", "a", "b c")
        try client.command("HSET", "hash", "field", "value")
        try client.command("SADD", "set", "1", "2")
        try client.command("ZADD", "zset", "1", "one", "2.5", "two")
        try client.command("XADD", "stream", "1-1", "name", "value")
        return server
    }

    /// Takes a snapshot, which must succeed, and returns its id.
    @discardableResult
    func snapshot(_ server: RedisServer) async throws -> String {
        let outcome = try await run(
            "snapshot",
            ["--source", server.url, "--source-name", "bench", "--create", "--json"]
        )
        try #require(outcome.exitCode == 0, "\(outcome)")
        return try #require(outcome.summary["snapshot"].text, "\(outcome)")
    }

    /// A snapshot run that is under way and stays so for a long time: the source delays each key.
    func slowSnapshot(_ server: RedisServer) async throws -> Subprocess {
        let client = try server.client()
        try client.command("CONFIG", "SET", "rdb-key-save-delay", "60000000")
        let process = try start("snapshot", ["--source", server.url, "--source-name", "bench", "--create", "--json"])
        while try client.info("replication", "connected_slaves") == "0", process.isRunning {
            try await Task.sleep(for: .milliseconds(5))
        }
        return process
    }

    /// The files of the repository, relative to it, locks left out.
    var files: [String] {
        let names = FileManager.default.enumerator(atPath: rewarm.repository)?.compactMap { $0 as? String } ?? []
        return names.filter { !$0.hasPrefix("locks") }.sorted()
    }

    func archive(of id: String) -> URL {
        URL(fileURLWithPath: "\(rewarm.repository)/snapshots/\(id)/part-0.rewarm")
    }

    /// Flips a bit in the middle of an archive.
    func damage(_ id: String) throws {
        var bytes = Array(try Data(contentsOf: archive(of: id)))
        bytes[bytes.count / 3] ^= 0x10
        try Data(bytes).write(to: archive(of: id))
    }
}
