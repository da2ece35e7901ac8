import Foundation
import TestSupport
import Testing

/// A small repository, a source and a target, of which each run of a fault loop gets a fresh copy.
///
/// The repository holds a snapshot to keep and one that is deleted and may be purged.
struct FaultBench: Sendable {
    let command: CommandUnderFault
    let source: RedisServer
    let target: RedisServer
    let contents: KeyspaceContents
    let kept: String
    let deleted: String
    private let template: Scenario

    init(_ command: CommandUnderFault, seed: UInt64) async throws {
        self.command = command
        source = try await RedisServer.start()
        target = try await RedisServer.start()
        try KeyspaceGenerator.fill(source, seed: seed, keyCount: 40)
        try source.client().command("SAVE")
        contents = try KeyspaceContents.read(source)
        template = try Scenario(inMemory: true)
        kept = try await template.snapshot(source)
        deleted = try await template.snapshot(source)
        let outcome = try await template.run("delete", [deleted])
        try #require(outcome.exitCode == 0, "\(outcome)")
        try FileManager.default.copyItem(atPath: source.dumpPath, toPath: dump(of: template))
    }

    private func dump(of scenario: Scenario) -> String { scenario.rewarm.directory.path("dump.rdb") }

    /// The repository as it was, in a place of its own; an empty target.
    func fresh() throws -> Scenario {
        let scenario = try Scenario(inMemory: true)
        let files = FileManager.default
        try files.copyItem(atPath: template.rewarm.repository, toPath: scenario.rewarm.repository)
        try files.copyItem(atPath: dump(of: template), toPath: dump(of: scenario))
        if command == .restore { try emptyTarget() }
        return scenario
    }

    private func emptyTarget() throws {
        let client = try target.client()
        try client.command("FLUSHALL")
        try client.command("FUNCTION", "FLUSH")
    }

    /// The words of the command; `again` is the run after one that was broken.
    func arguments(_ scenario: Scenario, again: Bool = false) -> [String] {
        let words =
            switch command {
            case .replicationSnapshot: ["snapshot"] + Scenario.node("source", source) + ["--method", "replication"]
            case .scanSnapshot: ["snapshot"] + Scenario.node("source", source) + ["--method", "scan"]
            case .fileImport: ["import", dump(of: scenario)]
            case .restore:
                ["restore", kept] + Scenario.node("target", target) + ["--existing", "replace"]
                    + (again ? ["--resume"] : [])
            case .verify: ["verify", "--all"]
            case .delete: ["delete", kept]
            case .purge: ["purge", "--grace", "0s"]
            case .rebuild: ["catalog", "rebuild"]
            case .drill: ["drill", kept]
            }
        return words + ["--json", "--repository", scenario.rewarm.repository]
    }

    /// The exit codes of a failure that the command's help documents, and 0.
    ///
    /// Left out are those that would be wrong of this repository: its use is right, it is there, nothing is damaged.
    func documentedCodes(_ scenario: Scenario) async throws -> Set<Int32> {
        let help = try await scenario.rewarm.run(command.verb.split(separator: " ").map(String.init) + ["--help"])
        let lines = help.output.split(separator: "\n", omittingEmptySubsequences: false)
            .drop { $0 != "EXIT CODES:" }.dropFirst().prefix { !$0.isEmpty }
        let codes = lines.compactMap { $0.split(separator: " ").first.flatMap { Int32($0) } }
        try #require(codes.contains(0) && codes.contains(1), "\(help)")
        // Nor does a drill in a server of its own refuse it, or miss what nobody asked for.
        let impossible: Set<Int32> = command == .drill ? [14, 15] : []
        return Set(codes).subtracting([2, 10, 13, 130, 143]).subtracting(impossible)
    }
}
