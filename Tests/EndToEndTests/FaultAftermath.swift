import Foundation
import TestSupport
import Testing

/// What must hold after a command that was broken, and whoever broke it.
struct FaultAftermath {
    let bench: FaultBench
    let scenario: Scenario
    /// What the broken run left; nil for one that was killed.
    let outcome: RewarmCommand.Outcome?
    /// What was done to it, for the messages.
    let comment: String

    /// Looks at everything that lasts; then the next runs must work and leave nothing behind.
    func check() async throws {
        try await checkListing()
        if bench.command == .restore { try checkTarget() }
        if bench.command == .drill { try await DrillAftermath(self).check() }
        try await expectSuccess("verify", ["--all"])
        try await checkNextRun()
        try await expectSuccess("purge", ["--grace", "0s"])
        try await expectSuccess("catalog check")
        #expect(remains() == [], "\(comment)")
    }

    private func expectSuccess(_ verb: String, _ options: [String] = []) async throws {
        let outcome = try await scenario.run(verb, options)
        #expect(outcome.exitCode == 0, "\(comment), then \(verb): \(outcome)")
    }

    private func checkListing() async throws {
        let list = try await scenario.run("list", ["--all", "--json"])
        #expect(list.exitCode == 0, "\(comment), then list: \(list)")
        let ids = list.items.compactMap { $0["id"].text }
        let live = list.items.filter { $0["isLive"].boolean == true }.compactMap { $0["id"].text }
        let isDone = outcome?.exitCode == 0
        let corrupt = list.items.filter { $0["states"].array.contains(.string("corrupt")) }
        #expect(corrupt == [], "\(comment)")
        #expect(ids.contains(bench.kept), "\(comment): \(ids)")
        let added = Set(ids).subtracting([bench.kept, bench.deleted]).count
        switch bench.command {
        case .replicationSnapshot, .scanSnapshot, .fileImport: #expect(isDone ? added == 1 : added <= 1, "\(comment)")
        default: #expect(added == 0, "\(comment)")
        }
        if bench.command == .delete {
            #expect(!isDone || !live.contains(bench.kept), "\(comment)")
        } else {
            #expect(live.contains(bench.kept), "\(comment)")
        }
        #expect(bench.command == .purge || ids.contains(bench.deleted), "\(comment)")
        if bench.command == .purge, isDone { #expect(!ids.contains(bench.deleted), "\(comment)") }
        #expect(!live.contains(bench.deleted), "\(comment)")
    }

    /// A key is there as it was captured or not at all; the accounting adds up; only a whole restore says it is done.
    private func checkTarget() throws {
        let found = try KeyspaceContents.read(bench.target)
        let wrong = found.entries.filter { bench.contents.entries[$0.key] != $0.value }.map(\.key)
        #expect(wrong == [], "\(comment)")
        guard let outcome else { return }
        if outcome.exitCode == 0 { #expect(found.differences(from: bench.contents) == [], "\(comment)") }
        if let isBalanced = outcome.summary["isBalanced"].boolean { #expect(isBalanced, "\(comment): \(outcome)") }
    }

    private func checkNextRun() async throws {
        let next = try await scenario.rewarm.run(bench.arguments(scenario, again: true))
        if bench.command == .delete, next.exitCode == 1 {
            #expect(next.output.contains("is deleted already"), "\(comment), then again: \(next)")
        } else {
            #expect(next.exitCode == 0, "\(comment), then again: \(next)")
        }
        if bench.command == .drill { try await DrillAftermath(self).check(next) }
        if bench.command == .restore {
            let differences = try KeyspaceContents.read(bench.target).differences(from: bench.contents)
            #expect(differences == [], "\(comment), then again")
        }
    }

    /// Files that no layout of a repository knows, of this run or of an earlier one.
    private func remains() -> [String] {
        let id = "[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}"
        let known = [
            "dump\\.rdb", "repository/(rewarm-repository\\.json|catalog\\.sqlite)",
            "repository/locks/([^/]+\\.lock|generation)",
            "repository/snapshots/\(id)/(manifest\\.json|part-0\\.rewarm|facts/\(id)\\.json)",
            "state(/rewarm(/restores)?)?", "state/rewarm/drills(/drill-\(id)\\.(json|html))?",
            "repository/snapshots/runs(/\(id)\\.json)?",
            "(repository(/locks|/snapshots(/\(id)(/facts)?)?)?)",
        ].joined(separator: "|")
        let paths = FileManager.default.enumerator(atPath: scenario.rewarm.directory.path)?.compactMap { $0 as? String }
        return (paths ?? []).filter { $0.range(of: "^(\(known))$", options: .regularExpression) == nil }
    }
}
