import Catalog
import Foundation
import ObjectStorage
import Operations
import Policy
import Retention
import SnapshotModel
import StorageSimulation
import TestSupport
import Testing

@testable import Operations

/// A repository, and beside it what it must hold.
struct ActionModel {
    struct Outcome {
        var hasDied = false
        var contradictions: [String] = []
    }

    private static let grace = 24 * RepositoryFixture.hour
    private var fixture: RepositoryFixture
    /// Where the repository is, if its power can fail.
    private var disk: SimulatedFileSystem?
    private let request: ExpireRequest
    private var states: [SnapshotID: State] = [:]
    private var numbers: [SnapshotID: Int] = [:]
    private var writeCount = 0
    private(set) var counts: [String: Int] = [:]

    init(losesPower: Bool) throws {
        fixture = try RepositoryFixture()
        let text = "name: p\nsource: {name: cache}\nretention: {last: 2, daily: 3, weekly: 2, max-delete: 90%}\n"
        request = try ExpireRequest(try PolicyReader.read(text: text, fileName: "p.yaml"))
        if losesPower {
            let disk = SimulatedFileSystem()
            try disk.makeDirectory("/backup")
            try disk.synchronize(try disk.open("/", .read))
            fixture.path = "/backup/repository"
            // SQLite has no simulated disk: the catalog is what it was at the moment of the loss.
            fixture.catalogPath = fixture.directory.path("catalog.sqlite")
            use(disk)
        }
    }

    private var now: UnixMilliseconds { fixture.clock.now }

    private mutating func use(_ disk: SimulatedFileSystem) {
        self.disk = disk
        fixture.fileSystem = disk
    }

    // MARK: Choosing

    mutating func chooseStep(_ random: inout SeededGenerator) -> RepositoryStep {
        let action = chooseAction(&random)
        guard Int.random(in: 0..<3, using: &random) == 0 else {
            return RepositoryStep(action: action, ending: .undisturbed)
        }
        guard disk != nil else {
            // An action makes some 40 to 400 calls; a death behind the last one is none.
            return RepositoryStep(action: action, ending: .death(call: Int.random(in: 1...250, using: &random)))
        }
        let survivals: [SimulatedFileSystem.Survival] = [.nothing, .everything, .random, .random]
        let survival = survivals[Int.random(in: 0..<survivals.count, using: &random)]
        let share = min(1, Double(Int.random(in: 0...1200, using: &random)) / 1000)
        return RepositoryStep(action: action, ending: .powerLoss(share: share, survival, seed: random.next()))
    }

    private mutating func chooseAction(_ random: inout SeededGenerator) -> RepositoryAction {
        func numbers(_ isMeant: (State) -> Bool) -> [Int] { states.values.filter(isMeant).map(\.number).sorted() }
        guard let one = numbers({ $0.deletedAt == nil }).randomElement(using: &random) else {
            return write(isSuspicious: false)
        }
        switch Int.random(in: 0..<100, using: &random) {
        case ..<28: return write(isSuspicious: Int.random(in: 0..<8, using: &random) == 0)
        case ..<42: return .expire
        case ..<48:
            // Deleted ones, too: a hold that comes after the deletion binds purge.
            let any = numbers { _ in true }.randomElement(using: &random) ?? one
            return .hold(any, hours: Bool.random(using: &random) ? .random(in: 1...100, using: &random) : nil)
        case ..<53: return .removeHolds(numbers { !$0.holdEnds.isEmpty }.first ?? one)
        case ..<58: return .delete(one)
        case ..<62:
            let deleted = numbers { $0.deletedAt != nil }.randomElement(using: &random)
            return deleted.map { .undelete($0) } ?? .expire
        case ..<65: return numbers(\.isSuspicious).first.map { .accept($0) } ?? .expire
        case ..<70: return .verify(one, problem: Int.random(in: 0..<3, using: &random) == 0 ? "bits" : nil)
        case ..<76:
            let results: [DrillRecord.Result] = [.pass, .pass, .difference, .objectiveMissed, .inconclusive]
            return .drill(one, results[Int.random(in: 0..<results.count, using: &random)])
        case ..<85: return .purge
        case ..<87: return .rebuild
        case ..<98: return .moveClock(hours: .random(in: 1...40, using: &random))
        default: return .moveClock(hours: -.random(in: 1...60, using: &random))
        }
    }

    private mutating func write(isSuspicious: Bool) -> RepositoryAction {
        writeCount += 1
        return .write(writeCount, isSuspicious: isSuspicious)
    }

    // MARK: Doing

    /// Does the action, ended as the step says, and compares.
    mutating func perform(_ step: RepositoryStep) async throws -> Outcome {
        let action = step.action
        if let subject = action.subject, !states.values.contains(where: { $0.number == subject }) { return Outcome() }
        // Where nothing was ever written there is nothing to do anything to.
        if case .write = action {} else if numbers.isEmpty { return Outcome() }
        counts[action.name, default: 0] += 1
        if case .moveClock(let hours) = action {
            fixture.clock.advance(milliseconds: hours * RepositoryFixture.hour)
            return Outcome()
        }
        if case .write(let number, _) = action { numbers[manifest(number).id] = number }
        let after = try await expected(action)
        var outcome = Outcome()
        var mortal = FaultyFileSystem(fixture.fileSystem)
        var dying = fixture
        if case .death(let call) = step.ending {
            mortal = FaultyFileSystem(fixture.fileSystem, FaultyFileSystem.Plan(call: call, fault: .death))
            (dying.fileSystem, dying.catalogFileSystem) = (mortal, mortal)
        }
        let changesBefore = disk?.changeCount ?? 0
        let watch = CatalogWatch(fixture.catalogPath)
        if case .powerLoss = step.ending, let disk {
            watch.note(changeCount: changesBefore)
            dying.fileSystem = FaultyFileSystem(disk, synchronizes: true) { _ in
                watch.note(changeCount: disk.changeCount)
            }
        }
        let isRefusal = after == nil
        var hasSucceeded = false
        do {
            try await run(action, dying)
            hasSucceeded = true
        } catch {
            outcome.hasDied = mortal.isDead
            if !outcome.hasDied, !isRefusal { outcome.contradictions.append("failed: \(error)") }
        }
        if isRefusal, hasSucceeded { outcome.contradictions.append("was done and should have been refused") }
        if case .powerLoss(let share, let survival, let seed) = step.ending {
            let isWhole = try losePower(share, survival, seed, since: changesBefore, watch)
            outcome.hasDied = !isWhole
            // What was acknowledged must be there; what was not may be.
            hasSucceeded = hasSucceeded && isWhole
        }
        let actual = try await read()
        compare(actual, after ?? states, mustBeDone: hasSucceeded || isRefusal, &outcome)
        if outcome.hasDied { try await compareCatalog(&outcome) }
        states = actual
        return outcome
    }

    /// Returns whether the action was over when the power failed.
    private mutating func losePower(
        _ share: Double,
        _ survival: SimulatedFileSystem.Survival,
        _ seed: UInt64,
        since first: Int,
        _ watch: CatalogWatch
    ) throws -> Bool {
        guard let disk else { return true }
        let last = disk.changeCount
        let count = first + Int((Double(last - first) * share).rounded())
        var generator = SeededGenerator(seed: seed)
        use(disk.crashed(after: count, survival, using: &generator))
        if count < last { try watch.putBack(to: count) }
        return count == last
    }

    /// A catalog of any age tells what the store says.
    private func compareCatalog(_ outcome: inout Outcome) async throws {
        guard !states.isEmpty else { return }
        do {
            let repository = try await fixture.open()
            let listed = try await repository.snapshots().entries
            var options = fixture.options(creates: false)
            options.access = .readOnly
            let stored = try await Repository.open(options).snapshots().entries
            if listed != stored {
                outcome.contradictions.append("the catalog lists \(listed), the store has \(stored)")
            }
        } catch {
            outcome.contradictions.append("afterwards: \(error)")
        }
    }

    private func compare(
        _ actual: [SnapshotID: State],
        _ after: [SnapshotID: State],
        mustBeDone: Bool,
        _ outcome: inout Outcome
    ) {
        for id in Set(actual.keys).union(after.keys).union(states.keys).sorted() {
            let isAfter = actual[id]?.withoutInstants == after[id]?.withoutInstants
            if isAfter || (!mustBeDone && State.isOnTheWay(actual[id], from: states[id], to: after[id])) { continue }
            let found = actual[id].map { "\($0)" } ?? "gone"
            outcome.contradictions.append("\(id) is \(found), and should be \(after[id].map { "\($0)" } ?? "gone")")
        }
    }

    private func run(_ action: RepositoryAction, _ fixture: RepositoryFixture) async throws {
        let repository = try await fixture.open()
        func state(_ statement: Fact.Statement, _ number: Int) async throws {
            let id = try #require(snapshotID(number))
            _ = try await repository.state([FactDraft(snapshot: id, statement: statement)], by: "me")
        }
        switch action {
        case .write(let number, let isSuspicious):
            let manifest = manifest(number)
            let upload = try await repository.store.beginUpload(RepositoryLayout.part(0, of: manifest.id))
            try await upload.append(RepositoryFixture.partBytes(manifest.id))
            try await upload.finish()
            let statements = isSuspicious ? [Fact.Statement.suspected(reason: "small")] : []
            _ = try await repository.publish(manifest, stating: statements, by: "me")
        case .expire:
            let planner = try request.planner()
            _ = try await repository.applyRetention(request.scope, by: "me") { inventory in
                let decision = ExpireDecision(inventory, request, planner, now: repository.now)
                return (decision, decision.change)
            }
        case .hold(let number, let hours): try await state(.hold(reason: "h", until: end(hours)), number)
        case .removeHolds(let number):
            let id = try #require(snapshotID(number))
            let drafts = try await repository.standing(id).holds.map { hold in
                FactDraft(snapshot: id, statement: .holdRemoved(holdID: hold.id))
            }
            _ = try await repository.state(drafts, by: "me")
        case .delete(let id): try await state(.deleted(reason: "by hand"), id)
        case .undelete(let id): try await state(.undeleted, id)
        case .accept(let id): try await state(.accepted(reason: "right"), id)
        case .verify(let id, let problem): try await state(.verified(problem: problem), id)
        case .drill(let id, let result): try await state(.drilled(record: RepositoryFixture.drill(result)), id)
        case .rebuild: _ = try await repository.rebuildCatalog()
        case .purge: _ = try await repository.purge(graceMilliseconds: Self.grace, by: "me")
        case .moveClock: break
        }
    }

    private func manifest(_ number: Int) -> Manifest {
        let hours = now.milliseconds(since: UnixMilliseconds(1_700_000_000_000)) / RepositoryFixture.hour
        return RepositoryFixture.manifest(hour: hours, random: UInt32(number) << 8)
    }

    private func snapshotID(_ number: Int) -> SnapshotID? { states.first { $0.value.number == number }?.key }

    private func end(_ hours: Int64?) -> UnixMilliseconds? {
        hours.map { now.advanced(byMilliseconds: $0 * RepositoryFixture.hour) }
    }

    // MARK: Expecting

    /// The states after the action; nil if it is to be refused.
    private func expected(_ action: RepositoryAction) async throws -> [SnapshotID: State]? {
        var after = states
        func change(_ number: Int, _ change: (inout State) -> Void) {
            guard let id = snapshotID(number), var state = states[id] else { return }
            change(&state)
            after[id] = state
        }
        switch action {
        case .write(let number, let isSuspicious):
            let manifest = manifest(number)
            after[manifest.id] = State(number: number, instant: manifest.instant, isSuspicious: isSuspicious)
        case .expire:
            for id in try await expired() { after[id]?.deletedAt = now }
        case .hold(let number, let hours):
            let end = end(hours) ?? UnixMilliseconds(.max)
            change(number) { $0.holdEnds = ($0.holdEnds + [end]).sorted() }
        case .removeHolds(let number): change(number) { $0.holdEnds = [] }
        case .delete(let number):
            if snapshotID(number).flatMap({ states[$0] })?.isHeld(at: now) == true { return nil }
            change(number) { $0.deletedAt = now }
        case .undelete(let number): change(number) { $0.deletedAt = nil }
        case .accept(let number): change(number) { $0.isSuspicious = false }
        case .verify(let number, let problem): change(number) { $0.isCorrupt = problem != nil }
        case .drill(let number, let result):
            change(number) { state in
                state.lastDrill = result
                if result == .pass || result == .difference { state.isDrilled = result == .pass }
            }
        case .purge:
            for (id, state) in states where !state.isHeld(at: now) {
                if let deletedAt = state.deletedAt, deletedAt.advanced(byMilliseconds: Self.grace) <= now {
                    after[id] = nil
                }
            }
        case .rebuild, .moveClock: break
        }
        return after
    }

    /// What the plan deletes, with what must hold of every plan looked at.
    private func expired() async throws -> [SnapshotID] {
        let repository = try await fixture.open()
        let inventory = try await repository.inventory(request.scope)
        let decision = ExpireDecision(inventory, request, try request.planner(), now: now)
        let deleted = decision.plan.deletions.compactMap { SnapshotID($0) }.filter { states[$0] != nil }
        for id in deleted where states[id]?.isHeld(at: now) == true { Issue.record("\(id) is held and would expire") }
        let candidates = states.filter { $0.value.isGood && $0.value.instant <= now.advanced(byMilliseconds: 300_000) }
        if !candidates.isEmpty {
            let left = candidates.keys.contains { !deleted.contains($0) }
            #expect(left, "no good snapshot would be left")
        }
        let newestDrilled = candidates.filter(\.value.isDrilled).max { left, right in
            (left.value.instant, left.value.number) < (right.value.instant, right.value.number)
        }
        if let newestDrilled, deleted.contains(newestDrilled.key) {
            Issue.record("\(newestDrilled.key) is the newest that passed a drill, and would expire")
        }
        let mark = inventory.retentionRuns(of: request.policyName).map(\.mark).max()
        if let mark, now < mark.advanced(byMilliseconds: -300_000) {
            #expect(!decision.plan.brakes.isEmpty, "the clock went back")
        }
        return deleted
    }

    // MARK: Looking

    /// The states as a reader finds them who has no catalog.
    private func read() async throws -> [SnapshotID: State] {
        var options = fixture.options(creates: true)
        if await code({ try await fixture.open(creates: false) }) == .absent { return [:] }
        (options.creates, options.access) = (false, .readOnly)
        let repository = try await Repository.open(options)
        var found: [SnapshotID: State] = [:]
        for entry in try await repository.snapshots().entries {
            let state = entry.state
            let holds = state.heldUntil == nil ? [] : try await repository.standing(entry.id).holds
            found[entry.id] = State(
                number: numbers[entry.id] ?? 0,
                instant: entry.instant,
                deletedAt: state.deletedAt,
                isDrilled: state.drilledAt != nil,
                lastDrill: state.lastDrill?.result,
                isCorrupt: state.isCorrupt,
                isSuspicious: state.isSuspicious,
                holdEnds: holds.map { $0.until ?? UnixMilliseconds(.max) }.sorted()
            )
        }
        return found
    }

    /// What is wrong, in words: everything that is listed is whole, and the catalog is what a rebuild makes of the store.
    func unsoundness() async throws -> [String] {
        guard !numbers.isEmpty else { return [] }
        var found = try await fixture.brokenSnapshots(fixture.fileSystem)
        do {
            let repository = try await fixture.open()
            found += try await repository.checkCatalog().differences.map { "\($0)" }
            let dump = try await repository.catalog().canonicalDump()
            _ = try await repository.rebuildCatalog()
            if try await repository.catalog().canonicalDump() != dump { found.append("a rebuilt catalog differs") }
        } catch {
            found.append("looking at all: \(error)")
        }
        return found
    }
}
