import Foundation
import TestSupport
import Testing

/// What must hold after a drill that was broken: it tells nothing that is not so, and the next one clears up after it.
struct DrillAftermath {
    private let aftermath: FaultAftermath
    private var directory: String { aftermath.scenario.rewarm.directory.path }
    private var comment: String { aftermath.comment }

    init(_ aftermath: FaultAftermath) {
        self.aftermath = aftermath
    }

    func check() async throws {
        let drills = try await drills()
        // Nothing is wrong with the snapshot: whatever failed, it was not found to differ.
        let results = drills.compactMap { $0["result"].text }
        #expect(results.allSatisfy { ["pass", "inconclusive"].contains($0) }, "\(comment): \(results)")
        guard let outcome = aftermath.outcome else { return }
        #expect(try servers() == [], "\(comment): a server is still there")
        switch outcome.exitCode {
        case 0: try await checkPass(outcome, drills)
        case 17:
            #expect(outcome.summary["result"].text == "inconclusive", "\(comment): \(outcome)")
            #expect(outcome.summary["reason"].text?.isEmpty == false, "\(comment): \(outcome)")
        default: #expect(outcome.summary["result"].text == nil, "\(comment): \(outcome)")
        }
        if outcome.exitCode != 0, let path = outcome.summary["reportPath"].text {
            #expect(try report(path)["record"]["result"].text == "inconclusive", "\(comment)")
        }
    }

    /// A pass has compared every key, and its evidence is whole.
    private func checkPass(_ outcome: RewarmCommand.Outcome, _ drills: [JSONTree]) async throws {
        let summary = outcome.summary
        #expect(summary["result"].text == "pass", "\(comment): \(outcome)")
        #expect(summary["differenceCount"].integer == 0, "\(comment): \(outcome)")
        let keyCount = Int64(aftermath.bench.contents.entries.count)
        #expect(summary["comparedKeyCount"].integer == keyCount, "\(comment): \(outcome)")
        let fact = drills.first { $0["fact"].text == summary["fact"].text }
        // On a repository that cannot be written a drill is not put on record, which is said.
        let isSaid = outcome.lines.contains { $0["message"].text?.contains("not put on record") == true }
        #expect(summary["fact"].text != nil ? fact?["result"].text == "pass" : isSaid, "\(comment): \(outcome)")
        let path = try #require(summary["reportPath"].text, "\(comment): \(outcome)")
        let sum = try await Subprocess.run(Subprocess.find("sha256sum") ?? "sha256sum", [path]).outputText
        #expect(sum.hasPrefix(summary["reportDigest"].text ?? "no digest"), "\(comment): \(sum)")
        #expect(fact == nil || fact?["reportDigest"] == summary["reportDigest"], "\(comment)")
        #expect(try report(path)["record"]["result"].text == "pass", "\(comment)")
    }

    /// The drill behind the broken one.
    func check(_ next: RewarmCommand.Outcome) async throws {
        #expect(next.summary["result"].text == "pass", "\(comment), then again: \(next)")
        #expect(try servers() == [], "\(comment), then again")
    }

    /// What is on record of the snapshot.
    private func drills() async throws -> [JSONTree] {
        let outcome = try await aftermath.scenario.run("show", [aftermath.bench.kept, "--json"])
        #expect(outcome.exitCode == 0, "\(comment), then show: \(outcome)")
        return outcome.items.first?["standing"]["drills"].array ?? []
    }

    private func report(_ path: String) throws -> JSONTree {
        try JSONDecoder().decode(JSONTree.self, from: try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// Processes that work in a scratch directory of this scenario.
    private func servers() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { name in
            guard Int(name) != nil else { return false }
            let place = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(name)/cwd")
            return place?.hasPrefix(directory + "/rewarm-drill-") ?? false
        }
    }
}
