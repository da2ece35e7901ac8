import Foundation
import TestSupport
import Testing

/// A drill where there is no room: for its server, for its report, for its fact.
@Suite(.serialized)
struct DrillFullDiskTests {
    private let scenario: Scenario
    /// Where the small disk is mounted.
    private let place: String

    init() async throws {
        let source = try await RedisServer.start(.init(lines: ["repl-diskless-sync-delay 0"]))
        try KeyspaceGenerator.fill(source, seed: 6, keyCount: 300)
        scenario = try Scenario(inMemory: true)
        try await scenario.snapshot(source)
        place = scenario.rewarm.directory.path("small")
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    }

    /// Runs a script on the small disk, `$0`, that ends with `drill`; nil where this machine does not let disks be mounted.
    private func drill(
        byteCount: Int,
        fileCount: Int? = nil,
        before: String = "true",
        _ options: String,
        environment: [String: String] = [:]
    ) async throws -> RewarmCommand.Outcome? {
        let confinement = Confinement.smallDisk(at: place, byteCount: byteCount, fileCount: fileCount)
        guard try await confinement.isPossible() else { return nil }
        let variables = ["REWARM": RewarmCommand.path, "REPOSITORY": scenario.rewarm.repository]
        let result = try await confinement.runScript(
            before + " && exec \"$REWARM\" drill --json " + options,
            place,
            environment: scenario.rewarm.environment.merging(variables.merging(environment) { $1 }) { $1 }
        )
        return RewarmCommand.Outcome(result)
    }

    private func drills() async throws -> [JSONTree] {
        let outcome = try await scenario.run("show", ["latest", "--json"])
        #expect(outcome.exitCode == 0, "\(outcome)")
        return outcome.items.first?["standing"]["drills"].array ?? []
    }

    @Test func `without room for a scratch directory nothing is known, and the drill is on record`() async throws {
        // Both places for such directories are full.
        let outcome = try await drill(
            byteCount: 4096,
            fileCount: 0,
            before: "mount -t tmpfs -o size=4096,nr_inodes=1 none /tmp",
            "--repository \"$REPOSITORY\"",
            environment: ["TMPDIR": place]
        )
        guard let outcome else { return }
        #expect(outcome.exitCode == 17, "\(outcome)")
        #expect(outcome.summary["result"].text == "inconclusive")
        #expect(outcome.summary["reason"].text?.hasPrefix("no directory for the scratch server") == true, "\(outcome)")
        let error = outcome.lines.first { $0["type"].text == "error" }
        #expect(error?["hint"].text?.contains("TMPDIR") == true, "\(outcome)")
        #expect(try await drills().map { $0["result"].text } == ["inconclusive"])
        let path = try #require(outcome.summary["reportPath"].text)
        #expect(FileManager.default.fileExists(atPath: path))
    }

    @Test func `a pass that the repository has no room for is inconclusive, in the report as well`() async throws {
        let outcome = try await drill(
            byteCount: 4 << 20,
            before: "cp -a \"$REPOSITORY\" \"$0/repository\" && { head -c 8M /dev/zero >\"$0/filler\"; true; }",
            "--repository \"$0/repository\""
        )
        guard let outcome else { return }
        #expect(outcome.exitCode == 17, "\(outcome)")
        #expect(outcome.summary["result"].text == "inconclusive", "\(outcome)")
        let reason = outcome.summary["reason"].text ?? ""
        #expect(reason.hasPrefix("all was as it should be, but the repository could not record it"), "\(outcome)")
        #expect(outcome.summary["fact"].text == nil, "\(outcome)")
        let path = try #require(outcome.summary["reportPath"].text)
        let report = try JSONDecoder().decode(JSONTree.self, from: try Data(contentsOf: URL(fileURLWithPath: path)))
        #expect(report["record"]["result"].text == "inconclusive" && report["record"]["reason"].text == reason)
        let page = try String(contentsOfFile: try #require(outcome.summary["pagePath"].text), encoding: .utf8)
        #expect(page.contains("could not record it"))
    }

    @Test func `a page that there is no room for is a warning: the report is the evidence`() async throws {
        let outcome = try await drill(
            byteCount: 12 << 10,
            "--repository \"$REPOSITORY\" --report-directory \"$0\""
        )
        guard let outcome else { return }
        #expect(outcome.exitCode == 0 && outcome.summary["result"].text == "pass", "\(outcome)")
        #expect(outcome.summary["reportPath"].text != nil && outcome.summary["pagePath"].text == nil, "\(outcome)")
        let warnings = outcome.lines.filter { $0["type"].text == "warning" }.compactMap { $0["message"].text }
        #expect(warnings.contains { $0.hasPrefix("the page could not be written") }, "\(outcome)")
        #expect(try await drills().map { $0["result"].text } == ["pass"])
    }
}
