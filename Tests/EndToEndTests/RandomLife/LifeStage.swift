import Foundation
import TestSupport
import Testing

/// Does actions with the built program, and holds what is there afterwards against the model.
struct LifeStage {
    private let source: RedisServer
    private let target: RedisServer
    private let scenario: Scenario
    private let policy: String
    private var model: LifeModel
    private var kills: [String: RandomKill] = [:]
    /// How often each action was done, and how often its process was killed.
    private(set) var counts: [String: Int] = [:]
    private(set) var killedCount = 0

    init(_ source: RedisServer, _ target: RedisServer) async throws {
        (self.source, self.target) = (source, target)
        scenario = try Scenario(inMemory: true)
        policy = scenario.rewarm.directory.path("p.yaml")
        let text = """
            name: p
            source: {name: cache, url: '\(source.url)'}
            repository: \(scenario.rewarm.repository)
            guards: {min-keys: \(LifeModel.fewestKeys)}
            retention: {last: \(LifeModel.keptCount), max-delete: 100%}
            """
        try text.write(toFile: policy, atomically: false, encoding: .utf8)
        try Self.fill(source, seed: 1)
        model = LifeModel(source: try KeyspaceContents.read(source))
    }

    // MARK: Doing

    /// Does one step; returns how what came of it contradicts the model, in words.
    mutating func perform(_ step: LifeStep) async throws -> [String] {
        let subject = model.subject(of: step.action)
        switch step.action {
        case .fill(let seed):
            try Self.fill(source, seed: seed)
            model.source = try KeyspaceContents.read(source)
        case .thinOut:
            try Self.empty(source)
            try source.client().command("SET", "left", "1", "EX", 80_000)
            model.source = try KeyspaceContents.read(source)
        case .damage, .mend:
            guard let subject else { return [] }
            try flipBit(of: subject)
            model.flip(subject)
        case .loseCatalog: try removeIfPresent(scenario.rewarm.repository + "/catalog.sqlite")
        default:
            guard let words = words(step.action, subject) else { return [] }
            return try await run(words, step, subject)
        }
        counts[step.action.name, default: 0] += 1
        return []
    }

    /// The command line; nil if the action has nothing to be about.
    private func words(_ action: LifeAction, _ subject: String?) -> [String]? {
        let repository = ["--repository", scenario.rewarm.repository]
        switch action {
        case .snapshot(let scan):
            return ["snapshot", "--policy", policy, "--method", scan ? "scan" : "replication", "--create"]
        case .expire: return model.order.isEmpty ? nil : ["expire", "--policy", policy, "--apply"]
        case .purge: return model.order.isEmpty ? nil : ["purge", "--grace", "0s"] + repository
        case .rebuild: return model.order.isEmpty ? nil : ["catalog", "rebuild"] + repository
        default: break
        }
        guard let subject else { return nil }
        switch action {
        case .restore:
            return ["restore", subject, "--flush-target"] + Scenario.node("target", target) + repository
        case .hold: return ["hold", "add", subject, "--reason", "audit"] + repository
        case .removeHolds: return ["hold", "remove", subject, "--all"] + repository
        case .delete: return ["delete", subject] + repository
        case .undelete: return ["undelete", subject] + repository
        case .accept: return ["accept", subject, "--reason", "right"] + repository
        case .verify: return ["verify", subject] + repository
        case .drill: return ["drill", subject] + repository
        default: return nil
        }
    }

    private mutating func run(_ words: [String], _ step: LifeStep, _ subject: String?) async throws -> [String] {
        let name = step.action.name
        var kill = kills[name] ?? RandomKill(lifetime: .milliseconds(300))
        let process = try scenario.rewarm.start(words)
        let result =
            if let share = step.killedAt {
                await kill.wait(for: process, until: share)
            } else {
                await process.wait(atMost: .seconds(120))
            }
        kills[name] = kill
        counts[name, default: 0] += 1
        let isKilled = result.termination == .signalled(SIGKILL)
        if isKilled { killedCount += 1 }

        let expected = model.expectation(step.action, subject)
        var contradictions: [String] = []
        if !isKilled, result.exitCode != expected.exitCode {
            contradictions.append("it is to end with \(expected.exitCode): \(result)")
        }
        let drilled = model.newestDrilled
        let actual = try await listed(&contradictions)
        let added = compare(actual, expected, isKilled: isKilled, &contradictions)
        if case .expire = step.action, let drilled, actual[drilled]?.isDeleted ?? true {
            contradictions.append("retention has deleted \(drilled), the newest that passed a drill")
        }
        model.adopt(actual, added: added)
        if case .restore = step.action, let subject {
            contradictions += try lookAtTarget(subject, mustBeWhole: result.exitCode == 0 && !isKilled)
        }
        // Nobody has looked at what a dead process has left.
        if let added, isKilled { contradictions += try await restore(added) }
        return contradictions
    }

    /// Returns the snapshot that was added, if there is one.
    private func compare(
        _ actual: [String: LifeModel.State],
        _ expected: LifeModel.Expectation,
        isKilled: Bool,
        _ contradictions: inout [String]
    ) -> String? {
        let added = Set(actual.keys).subtracting(model.states.keys)
        let isAddition = expected.added.map { state in added.count == 1 && added.allSatisfy { actual[$0] == state } }
        if !(isAddition ?? added.isEmpty), !(isKilled && added.isEmpty) {
            let states = added.sorted().map { "\($0) \(actual[$0]?.words.sorted() ?? [])" }
            contradictions.append("new are \(states)")
        }
        for (id, before) in model.states.sorted(by: { $0.key < $1.key }) {
            if actual[id] == expected.states[id] || (isKilled && actual[id] == before) { continue }
            func words(_ state: LifeModel.State?) -> String { state.map { "\($0.words.sorted())" } ?? "gone" }
            contradictions.append(
                "\(id) is \(words(actual[id])), was \(words(before)), is to be \(words(expected.states[id]))"
            )
        }
        return added.first
    }

    // MARK: Looking

    /// What `rewarm list` tells of all snapshots.
    private func listed(_ contradictions: inout [String]) async throws -> [String: LifeModel.State] {
        guard FileManager.default.fileExists(atPath: scenario.rewarm.repository + "/rewarm-repository.json") else {
            return [:]
        }
        let outcome = try await scenario.run("list", ["--all", "--json"])
        if outcome.exitCode != 0 || !outcome.errors.isEmpty { contradictions.append("list: \(outcome)") }
        var states: [String: LifeModel.State] = [:]
        for item in outcome.items {
            guard let id = item["id"].text else { continue }
            let words = Set(item["states"].array.compactMap(\.text))
            let state = LifeModel.State(
                isDeleted: words.contains("deleted"),
                isHeld: words.contains("held"),
                isSuspicious: words.contains("suspicious"),
                isCorrupt: words.contains("corrupt"),
                isVerified: item["verifiedAt"].text != nil,
                isDrilled: item["drilledAt"].text != nil,
                hasDrillDifference: item["lastDrillResult"].text == "difference"
            )
            if state.words != words { contradictions.append("\(id) has the states \(words.sorted())") }
            states[id] = state
        }
        return states
    }

    /// Everything that must hold at any time: every live snapshot without damage restores to what was captured, and a
    /// rebuild of the catalog changes nothing that can be seen.
    func checkAll() async throws -> [String] {
        guard !model.order.isEmpty else { return [] }
        var contradictions: [String] = []
        for id in model.live where !model.damaged.contains(id) { contradictions += try await restore(id) }
        let before = try await everythingShown()
        for verb in ["catalog check", "catalog rebuild"] {
            let outcome = try await scenario.run(verb)
            if outcome.exitCode != 0 { contradictions.append("\(verb): \(outcome)") }
        }
        let after = try await everythingShown()
        if before != after { contradictions.append("a rebuild has changed \(before) to \(after)") }
        return contradictions
    }

    /// What the commands that read the catalog print, without how long they took.
    private func everythingShown() async throws -> [[JSONTree]] {
        var shown: [[JSONTree]] = []
        var commands = [("list", ["--all"]), ("list", ["--failed"]), ("hold list", [])]
        commands += model.order.map { ("show", [$0]) }
        for (verb, options) in commands { shown.append(try await scenario.run(verb, options + ["--json"]).items) }
        return shown
    }

    private func restore(_ id: String) async throws -> [String] {
        let options = [id, "--flush-target"] + Scenario.node("target", target)
        let outcome = try await scenario.run("restore", options)
        return (outcome.exitCode == 0 ? [] : ["\(id): \(outcome)"]) + (try lookAtTarget(id, mustBeWhole: true))
    }

    /// What is in the target was captured, and all of it unless the restore did not come to its end.
    private func lookAtTarget(_ id: String, mustBeWhole: Bool) throws -> [String] {
        guard let captured = model.contents[id], !model.damaged.contains(id) else { return [] }
        let found = try KeyspaceContents.read(target)
        if !mustBeWhole {
            // A killed one may have died before it had emptied the target, or flushed but half of it.
            let isOfThis = found.entries.allSatisfy { captured.entries[$0.key] == $0.value }
            return isOfThis || model.contents.values.contains { Self.isPart(found, of: $0) }
                ? [] : ["a part of the restored \(id) is not what was captured"]
        }
        return found.differences(from: captured).map { "\(id), restored: \($0)" }
    }

    private static func isPart(_ found: KeyspaceContents, of whole: KeyspaceContents) -> Bool {
        found.entries.allSatisfy { whole.entries[$0.key] == $0.value }
    }

    // MARK: Servers and files

    private static func empty(_ server: RedisServer) throws {
        try server.client().command("FLUSHALL")
        try server.client().command("FUNCTION", "FLUSH")
    }

    private static func fill(_ server: RedisServer, seed: UInt64) throws {
        try empty(server)
        try KeyspaceGenerator.fill(server, seed: seed, keyCount: 25)
    }

    private func flipBit(of id: String) throws {
        let path = scenario.rewarm.repository + "/snapshots/\(id)/part-0.rewarm"
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        defer { try? file.close() }
        // Among the first records, behind the header.
        let place = try file.seekToEnd() / 2
        try file.seek(toOffset: place)
        let byte = try #require(try file.read(upToCount: 1)?.first)
        try file.seek(toOffset: place)
        try file.write(contentsOf: [byte ^ 0x10])
    }

    private func removeIfPresent(_ path: String) throws {
        if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
    }

    /// Sees to it that no scratch server of a killed drill stays: the next drill takes it away.
    func end() async throws {
        let snapshot = try await scenario.run("snapshot", Scenario.node("source", source) + ["--create", "--json"])
        let id = try #require(snapshot.summary["snapshot"].text ?? snapshot.summary["snapshotID"].text, "\(snapshot)")
        let drill = try await scenario.run("drill", [id])
        #expect(drill.exitCode == 0, "\(drill)")
    }
}
