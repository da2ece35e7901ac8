import Catalog
import ObjectStorage
import Operations
import Policy
import Retention
import SnapshotModel
import StorageSimulation
import TestSupport
import Testing

@testable import Operations

/// What a user may do to a repository.
enum RepositoryAction: Hashable {
    case write(isSuspicious: Bool)
    case expire
    case hold(SnapshotID, until: UnixMilliseconds?)
    case removeHolds(SnapshotID)
    case delete(SnapshotID)
    case undelete(SnapshotID)
    case accept(SnapshotID)
    case verify(SnapshotID, problem: String?)
    case purge
    case moveClock(hours: Int64)
}

/// A repository, and beside it what it must hold.
struct ActionModel {
    /// What is known of a snapshot that is not purged.
    struct State: Hashable {
        var instant: UnixMilliseconds
        var deletedAt: UnixMilliseconds?
        var isCorrupt = false
        var isSuspicious = false
        var heldUntil: UnixMilliseconds?

        func isHeld(at now: UnixMilliseconds) -> Bool { heldUntil.map { now < $0 } ?? false }
        var isGood: Bool { deletedAt == nil && !isCorrupt && !isSuspicious }
    }

    struct Outcome {
        var hasDied = false
        var contradictions: [String] = []
    }

    private static let grace = 24 * RepositoryFixture.hour
    private var fixture: RepositoryFixture
    private let request: ExpireRequest
    private var states: [SnapshotID: State] = [:]
    private var hour: Int64 = 0
    private(set) var counts: [String: Int] = [:]

    init() throws {
        fixture = try RepositoryFixture()
        let text = "name: p\nsource: {name: cache}\nretention: {last: 2, daily: 3, weekly: 2, max-delete: 90%}\n"
        request = try ExpireRequest(try PolicyReader.read(text: text, fileName: "p.yaml"))
    }

    private var now: UnixMilliseconds { fixture.clock.now }

    // MARK: Choosing

    func chooseAction(_ random: inout SeededGenerator) -> RepositoryAction {
        let live = states.filter { $0.value.deletedAt == nil }.keys.sorted()
        let deleted = states.filter { $0.value.deletedAt != nil }.keys.sorted()
        guard let one = live.randomElement(using: &random) else { return .write(isSuspicious: false) }
        switch Int.random(in: 0..<100, using: &random) {
        case ..<30: return .write(isSuspicious: Int.random(in: 0..<8, using: &random) == 0)
        case ..<45: return .expire
        case ..<52:
            let hours = Int64.random(in: 1...100, using: &random)
            let end = now.advanced(byMilliseconds: hours * RepositoryFixture.hour)
            // Deleted ones, too: a hold that comes after the deletion binds purge.
            let any = states.keys.sorted().randomElement(using: &random) ?? one
            return .hold(any, until: Bool.random(using: &random) ? end : nil)
        case ..<58: return .removeHolds(states.filter { $0.value.heldUntil != nil }.keys.min() ?? one)
        case ..<64: return .delete(one)
        case ..<68: return deleted.randomElement(using: &random).map { .undelete($0) } ?? .expire
        case ..<71: return states.filter { $0.value.isSuspicious }.keys.min().map { .accept($0) } ?? .expire
        case ..<76: return .verify(one, problem: Int.random(in: 0..<3, using: &random) == 0 ? "bits" : nil)
        case ..<86: return .purge
        case ..<98: return .moveClock(hours: .random(in: 1...40, using: &random))
        default: return .moveClock(hours: -.random(in: 1...60, using: &random))
        }
    }

    // MARK: Doing

    /// Does the action over a file system that dies by the plan, and compares.
    mutating func perform(_ action: RepositoryAction, _ plan: FaultyFileSystem.Plan) async throws -> Outcome {
        counts["\(action)".split(separator: "(").first.map(String.init) ?? "", default: 0] += 1
        if case .moveClock(let hours) = action {
            fixture.clock.advance(milliseconds: hours * RepositoryFixture.hour)
            return Outcome()
        }
        if case .write = action { hour += 1 }
        let after = try await expected(action)
        var outcome = Outcome()
        let mortal = FaultyFileSystem(FaultyFileSystem(), plan)
        var dying = fixture
        (dying.fileSystem, dying.catalogFileSystem) = (mortal, mortal)
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
        let actual = try await read()
        compare(actual, after ?? states, mustBeDone: hasSucceeded || isRefusal, &outcome)
        states = actual
        return outcome
    }

    private func compare(
        _ actual: [SnapshotID: State],
        _ after: [SnapshotID: State],
        mustBeDone: Bool,
        _ outcome: inout Outcome
    ) {
        for id in Set(actual.keys).union(after.keys).union(states.keys).sorted() {
            let isAfter = actual[id].map(Self.withoutInstants) == after[id].map(Self.withoutInstants)
            let isBefore = actual[id] == states[id]
            if isAfter || (!mustBeDone && isBefore) { continue }
            let found = actual[id].map { "\($0)" } ?? "gone"
            outcome.contradictions.append("\(id) is \(found), and should be \(after[id].map { "\($0)" } ?? "gone")")
        }
    }

    /// Facts have strictly increasing instants, also where the clock went back: when something was deleted may differ.
    private static func withoutInstants(_ state: State) -> State {
        var state = state
        state.deletedAt = state.deletedAt.map { _ in UnixMilliseconds(0) }
        return state
    }

    private func run(_ action: RepositoryAction, _ fixture: RepositoryFixture) async throws {
        let repository = try await fixture.open()
        func state(_ statement: Fact.Statement, _ id: SnapshotID) async throws {
            _ = try await repository.state([FactDraft(snapshot: id, statement: statement)], by: "me")
        }
        switch action {
        case .write(let isSuspicious):
            let manifest = try manifest()
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
        case .hold(let id, let until): try await state(.hold(reason: "h", until: until), id)
        case .removeHolds(let id):
            let drafts = try await repository.standing(id).holds.map { hold in
                FactDraft(snapshot: id, statement: .holdRemoved(holdID: hold.id))
            }
            _ = try await repository.state(drafts, by: "me")
        case .delete(let id): try await state(.deleted(reason: "by hand"), id)
        case .undelete(let id): try await state(.undeleted, id)
        case .accept(let id): try await state(.accepted(reason: "right"), id)
        case .verify(let id, let problem): try await state(.verified(problem: problem), id)
        case .purge: _ = try await repository.purge(graceMilliseconds: Self.grace, by: "me")
        case .moveClock: break
        }
    }

    private func manifest() throws -> Manifest {
        let hours = now.milliseconds(since: UnixMilliseconds(1_700_000_000_000)) / RepositoryFixture.hour
        return RepositoryFixture.manifest(hour: hours, random: UInt32(hour) << 8)
    }

    // MARK: Expecting

    /// The states after the action; nil if it is to be refused.
    private func expected(_ action: RepositoryAction) async throws -> [SnapshotID: State]? {
        var after = states
        switch action {
        case .write(let isSuspicious):
            let manifest = try manifest()
            after[manifest.id] = State(instant: manifest.instant, isSuspicious: isSuspicious)
        case .expire:
            for id in try await expired() { after[id]?.deletedAt = now }
        case .hold(let id, let until):
            let end = until ?? UnixMilliseconds(.max)
            after[id]?.heldUntil = max(states[id]?.heldUntil ?? end, end)
        case .removeHolds(let id): after[id]?.heldUntil = nil
        case .delete(let id):
            if states[id]?.isHeld(at: now) == true { return nil }
            after[id]?.deletedAt = now
        case .undelete(let id): after[id]?.deletedAt = nil
        case .accept(let id): after[id]?.isSuspicious = false
        case .verify(let id, let problem): after[id]?.isCorrupt = problem != nil
        case .purge:
            for (id, state) in states where !state.isHeld(at: now) {
                if let deletedAt = state.deletedAt, deletedAt.advanced(byMilliseconds: Self.grace) <= now {
                    after[id] = nil
                }
            }
        case .moveClock: break
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
        let entries = try await Repository.open(options).snapshots().entries
        return Dictionary(
            entries.map { entry in
                let state = entry.state
                return (
                    entry.id,
                    State(
                        instant: entry.instant,
                        deletedAt: state.deletedAt,
                        isCorrupt: state.isCorrupt,
                        isSuspicious: state.isSuspicious,
                        heldUntil: state.heldUntil
                    )
                )
            }
        ) { $1 }
    }

    /// Everything that is listed is whole, and the catalog is what a rebuild makes of the store.
    func expectSound(_ comment: String) async throws {
        #expect(try await fixture.brokenSnapshots(FaultyFileSystem()) == [], "\(comment)")
        let repository = try await fixture.open()
        #expect(try await repository.checkCatalog().differences == [], "\(comment)")
        let dump = try await repository.catalog().canonicalDump()
        _ = try await repository.rebuildCatalog()
        #expect(try await repository.catalog().canonicalDump() == dump, "\(comment)")
    }
}
