import Comparison
import RDB
import SnapshotModel

/// Holds one key of a node against the archive's record; pure.
struct DrillJudge: Sendable {
    /// What a key comes to.
    struct Verdict: Hashable, Sendable {
        var kinds: [DrillDifferenceKind] = []
        /// In words, parallel to `kinds`; empty where only a second look tells.
        var details: [String] = []
        var deadlineError: Int64?
        /// The value could not be compared.
        var isUndecided = false
        var comparedAccess = false

        mutating func add(_ kind: DrillDifferenceKind, _ detail: String = "") {
            kinds.append(kind)
            details.append(detail)
        }
    }

    /// Added to every deadline by the restore.
    let shiftMilliseconds: Int64
    let toleranceMilliseconds: Int64
    let access: NodeReadingDialect.AccessUse
    /// Whether the node lowers the counters of keys with time.
    let frequenciesDecay: Bool
    /// The node's clock when the restore began.
    let restoredFrom: UnixMilliseconds

    /// Seconds by which a server's own clock of accesses is coarse, twice.
    private static let idleToleranceSeconds: UInt64 = 3
    /// The clock of accesses has 24 bits of seconds; a server cannot keep a longer idle time.
    private static let idleClockSeconds: UInt64 = 1 << 24

    /// `now` is the node's clock after the reading.
    func judge(_ value: ArchivedValue, _ reading: NodeKeyReading, now: UnixMilliseconds) -> Verdict {
        var verdict = Verdict()
        switch reading.state {
        case .missing: verdict.add(.missing, "not there")
        case .otherType(let name): verdict.add(.type, "\(value.entry.typeName) became \(name)")
        case .refused: verdict.isUndecided = true
        case .present:
            compareValues(value.entry.value, reading.value, &verdict)
            compareItems(value.entry.item, reading.item, &verdict)
            compareAccess(value.access, reading.access, now: now, &verdict)
        }
        if reading.state == .missing { return verdict }
        if case .refused = reading.state { return verdict }
        compareDeadlines(value.entry.expiry, reading, &verdict)
        return verdict
    }

    private func compareValues(_ own: ValueFingerprint?, _ other: ValueFingerprint?, _ verdict: inout Verdict) {
        guard let own, let other else {
            verdict.isUndecided = true
            return
        }
        switch own.relation(to: other) {
        case .same: break
        case .differs: verdict.add(.value)
        case .undecided: verdict.isUndecided = true
        case .fieldsShifted(let milliseconds):
            guard milliseconds.magnitude > toleranceMilliseconds.magnitude else { break }
            verdict.add(.fieldDeadline, "the deadlines of its fields are off by \(milliseconds) ms")
        case .fieldDeadlinesDiffer: verdict.add(.fieldDeadline)
        }
    }

    /// A server gives items a CAS of its own, so that is none to be compared.
    private func compareItems(_ own: ItemTraits?, _ other: ItemTraits?, _ verdict: inout Verdict) {
        guard let own, let other, own.clientFlags != other.clientFlags else { return }
        verdict.add(.flags, "client flags \(own.clientFlags) became \(other.clientFlags)")
    }

    private func compareDeadlines(_ own: Expiry, _ reading: NodeKeyReading, _ verdict: inout Verdict) {
        switch (own, reading.deadline) {
        case (.never, nil): break
        case (.never, .some): verdict.add(.deadline, "it expires, and should not")
        case (.at, nil): verdict.add(.deadline, "it has lost its deadline")
        case (.at(let deadline), .some):
            let expected = deadline.advanced(byMilliseconds: shiftMilliseconds)
            guard let error = reading.deadlineError(against: expected) else { return }
            verdict.deadlineError = error
            guard error.magnitude > toleranceMilliseconds.magnitude else { return }
            verdict.add(.deadline, "\(error.magnitude) ms \(error > 0 ? "later" : "earlier") than captured")
        }
    }

    private func compareAccess(
        _ own: AccessData,
        _ other: AccessData,
        now: UnixMilliseconds,
        _ verdict: inout Verdict
    ) {
        switch (own, other) {
        case (.idle(let seconds), .idle(let found)) where access == .idle:
            // A longer idle time than the clock has run since it last began anew is kept wrongly by the server itself.
            let clock = UInt64(clamping: now.rawValue / 1000) % Self.idleClockSeconds
            guard seconds < clock, seconds < Self.idleClockSeconds / 2 else { return }
            verdict.comparedAccess = true
            let elapsed = UInt64(clamping: now.milliseconds(since: restoredFrom) / 1000)
            let least = seconds - min(seconds, Self.idleToleranceSeconds)
            guard found < least || found > seconds + elapsed + Self.idleToleranceSeconds else { return }
            verdict.add(.access, "idle for \(found) s, and should be for \(seconds) s")
        case (.frequency(let count), .frequency(let found)) where access == .frequency:
            verdict.comparedAccess = true
            guard frequenciesDecay ? found > count : found != count else { return }
            verdict.add(.access, "access counter \(found), and should be \(count)")
        default: break
        }
    }
}
