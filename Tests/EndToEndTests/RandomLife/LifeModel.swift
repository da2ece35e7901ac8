import TestSupport

/// What a repository must hold after a list of actions, worked out from the documents alone: nothing of the program is
/// used here.
struct LifeModel {
    /// What is known of a snapshot that is not purged.
    struct State: Hashable {
        var isDeleted = false
        var isHeld = false
        var isSuspicious = false
        var isCorrupt = false
        var isVerified = false
        var isDrilled = false
        var hasDrillDifference = false

        /// As `rewarm list` names it.
        var words: Set<String> {
            var words: Set<String> = []
            if isDeleted { words.insert("deleted") }
            if isCorrupt { words.insert("corrupt") }
            if isSuspicious { words.insert("suspicious") }
            if isHeld { words.insert("held") }
            if isVerified, !isCorrupt { words.insert("verified") }
            if isDrilled, !isCorrupt { words.insert("drilled") }
            if hasDrillDifference { words.insert("drill-difference") }
            return words.isEmpty ? ["ok"] : words
        }

        /// What retention counts as a backup.
        var isCandidate: Bool { !isDeleted && !isCorrupt && !isSuspicious }
    }

    /// What an action is to come to.
    struct Expectation {
        var states: [String: State]
        var exitCode: Int32 = 0
        /// Of the snapshot that is added.
        var added: State?
    }

    /// `last:` of the policy, and `min-keys:` of its guards.
    static let keptCount = 2
    static let fewestKeys = 20

    private(set) var states: [String: State] = [:]
    /// The oldest first.
    private(set) var order: [String] = []
    private(set) var contents: [String: KeyspaceContents] = [:]
    /// Snapshots with a bit that has flipped.
    private(set) var damaged: Set<String> = []
    /// What the source holds.
    var source: KeyspaceContents

    init(source: KeyspaceContents) {
        self.source = source
    }

    private func ids(_ isMeant: (String, State) -> Bool) -> [String] {
        order.filter { id in states[id].map { isMeant(id, $0) } ?? false }
    }

    var live: [String] { ids { !$1.isDeleted } }

    /// The snapshot that an action is about; nil if there is none, or it is not about one.
    func subject(of action: LifeAction) -> String? {
        func pick(_ number: Int, _ isMeant: (String, State) -> Bool) -> String? {
            let all = ids(isMeant)
            return all.isEmpty ? nil : all[number % all.count]
        }
        switch action {
        case .restore(let number), .delete(let number), .verify(let number), .drill(let number):
            return pick(number) { !$1.isDeleted }
        // Also what is deleted can be held: purge has to wait.
        case .hold(let number): return pick(number) { !$1.isHeld }
        case .removeHolds(let number): return pick(number) { $1.isHeld }
        case .undelete(let number): return pick(number) { $1.isDeleted }
        case .accept(let number): return pick(number) { $1.isSuspicious && !$1.isDeleted }
        case .damage(let number): return pick(number) { id, state in !state.isDeleted && !damaged.contains(id) }
        case .mend(let number): return pick(number) { id, _ in damaged.contains(id) }
        case .fill, .thinOut, .snapshot, .expire, .purge, .rebuild, .loseCatalog: return nil
        }
    }

    /// What holds after the action; `subject` is the snapshot that it is about.
    func expectation(_ action: LifeAction, _ subject: String?) -> Expectation {
        var after = Expectation(states: states)
        func change(_ change: (inout State) -> Void) {
            if let subject, var state = after.states[subject] {
                change(&state)
                after.states[subject] = state
            }
        }
        let isDamaged = subject.map { damaged.contains($0) } ?? false
        switch action {
        case .fill, .thinOut, .rebuild, .loseCatalog, .damage, .mend: break
        case .snapshot:
            let isSuspicious = source.entries.count < Self.fewestKeys
            after.added = State(isSuspicious: isSuspicious)
            if isSuspicious { after.exitCode = 16 }
        case .expire: for id in expiring { after.states[id]?.isDeleted = true }
        case .restore: if isDamaged { after.exitCode = 13 }
        case .hold: change { $0.isHeld = true }
        case .removeHolds: change { $0.isHeld = false }
        case .delete:
            if subject.flatMap({ states[$0] })?.isHeld == true {
                after.exitCode = 1
            } else {
                change { $0.isDeleted = true }
            }
        case .undelete: change { $0.isDeleted = false }
        case .purge: after.states = states.filter { !$0.value.isDeleted || $0.value.isHeld }
        case .accept: change { $0.isSuspicious = false }
        case .verify:
            change { ($0.isVerified, $0.isCorrupt) = (true, isDamaged) }
            if isDamaged { after.exitCode = 13 }
        case .drill:
            change { ($0.isDrilled, $0.hasDrillDifference) = (!isDamaged, isDamaged) }
            if isDamaged { after.exitCode = 13 }
        }
        return after
    }

    /// The newest snapshot that passed a drill and is good.
    var newestDrilled: String? { ids { $1.isCandidate && $1.isDrilled }.last }

    /// What retention deletes by `last: 2` and its floors.
    private var expiring: [String] {
        let candidates = ids { $1.isCandidate }
        var kept = Set(candidates.suffix(Self.keptCount))
        if let newestDrilled { kept.insert(newestDrilled) }
        if let proved = ids({ $1.isCandidate && ($1.isVerified || $1.isDrilled) }).last { kept.insert(proved) }
        for (position, id) in order.enumerated() {
            guard let state = states[id] else { continue }
            // A doubtful one is young; a corrupt one waits for a good one that is newer.
            let hasSuccessor = candidates.last.flatMap { order.firstIndex(of: $0) }.map { $0 > position } ?? false
            if state.isHeld || state.isSuspicious || (state.isCorrupt && !hasSuccessor) { kept.insert(id) }
        }
        return live.filter { !kept.contains($0) }
    }

    // MARK: What was found

    /// Takes over what there is now, after it was compared.
    mutating func adopt(_ actual: [String: State], added: String?) {
        if let added {
            order.append(added)
            contents[added] = source
        }
        states = actual
        order.removeAll { actual[$0] == nil }
        for id in contents.keys where actual[id] == nil { contents[id] = nil }
        damaged.formIntersection(actual.keys)
    }

    mutating func flip(_ id: String) {
        damaged.formSymmetricDifference([id])
    }
}
