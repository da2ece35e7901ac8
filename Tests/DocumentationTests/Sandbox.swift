import Foundation
import TestSupport

/// Where the commands of a document run: two nodes at the addresses of the text, a home of its own, `rewarm` on PATH.
///
/// The document's own order is kept, so that a block may use what an earlier one made.
struct Sandbox: Sendable {
    let source: RedisServer
    let target: RedisServer
    let cache: MemcachedServer
    let coldCache: MemcachedServer
    private let rewarm: RewarmCommand

    /// The addresses in the documents.
    static let sourceAddress = "127.0.0.1:6379"
    static let targetAddress = "127.0.0.1:6380"
    static let cacheAddress = "127.0.0.1:11211"
    static let coldCacheAddress = "127.0.0.1:11212"

    init() async throws {
        source = try await RedisServer.start()
        target = try await RedisServer.start()
        cache = try await MemcachedServer.start()
        coldCache = try await MemcachedServer.start()
        var command = try RewarmCommand()
        let home = command.directory.path
        let programs = command.directory.path("bin")
        let files = FileManager.default
        try files.createDirectory(atPath: programs, withIntermediateDirectories: false)
        try files.createSymbolicLink(atPath: programs + "/rewarm", withDestinationPath: RewarmCommand.path)
        try files.createSymbolicLink(atPath: home + "/Scripts", withDestinationPath: ProjectFile.root + "/Scripts")
        let path = command.environment["PATH"] ?? "/usr/bin:/bin"
        command.environment["PATH"] = programs + ":" + path
        try Self.copyPolicies(to: home + "/Policies", source: source, cache: cache)
        // The scripts take the command of this build instead of making a release of it.
        command.environment["REWARM"] = RewarmCommand.path
        rewarm = command
        try fillSource()
        // Readers of the later pages have read the first one: there is a snapshot in the standard repository.
        let outcome = try await rewarm.run("snapshot", "--source", source.url)
        guard outcome.exitCode == 0 else { throw TestEnvironmentError.failed("rewarm snapshot", outcome.description) }
    }

    /// The project's policies, with the source's address in the place of that in the text.
    private static func copyPolicies(to directory: String, source: RedisServer, cache: MemcachedServer) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        for policy in try ProjectFile.all(below: "Policies", suffix: ".yaml") {
            let text = policy.text.replacing(sourceAddress, with: "127.0.0.1:\(source.port)")
                .replacing(cacheAddress, with: "127.0.0.1:\(cache.port)")
            let name = policy.path.split(separator: "/").last.map(String.init) ?? policy.path
            try text.write(toFile: directory + "/" + name, atomically: false, encoding: .utf8)
        }
    }

    /// Runs a block with bash; the nodes' addresses are put in the place of those in the text.
    func run(_ block: CodeBlock) async throws -> SubprocessResult {
        let text = block.text
            .replacing(Self.sourceAddress, with: "127.0.0.1:\(source.port)")
            .replacing(Self.targetAddress, with: "127.0.0.1:\(target.port)")
            .replacing(Self.cacheAddress, with: "127.0.0.1:\(cache.port)")
            .replacing(Self.coldCacheAddress, with: "127.0.0.1:\(coldCache.port)")
            .replacing("redis-cli -p 6379", with: "redis-cli -p \(source.port)")
            .replacing("redis-cli -p 6380", with: "redis-cli -p \(target.port)")
        return try await Subprocess.run(
            "/bin/bash",
            ["-euo", "pipefail", "-c", text],
            environment: rewarm.environment,
            workingDirectory: rewarm.directory.path
        )
    }

    /// Makes the target cold again, as the documents' readers have a new node for each restore.
    func coolTarget() throws {
        try target.client().command("FLUSHALL")
        try target.client().command("FUNCTION", "FLUSH")
        try coldCache.client().command("flush_all")
    }

    /// Keys that the documents name, and some of every type.
    private func fillSource() throws {
        try KeyspaceGenerator.fill(source, seed: 61, keyCount: 200)
        let client = try source.client()
        for number in 1...50 {
            try client.command("SET", "session:\(number)", "{\"user\":\(number)}", "EX", 86_400)
            try client.command("HSET", "user:\(number)", "name", "user \(number)")
        }
        try client.command("SET", "greeting", "hello")
        try cache.client().store(
            (1...50).map { .init("session:\($0)", "{\"user\":\($0)}", clientFlags: 1, exptime: 86_400) }
        )
        // A file for the guide of `import`.
        try client.command("SAVE")
        try FileManager.default.copyItem(
            atPath: source.dumpPath,
            toPath: rewarm.directory.path("dump.rdb")
        )
        try rewarm.directory.write("not needed\n", to: "password")
    }
}
