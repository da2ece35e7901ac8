import Catalog
import Policy
import Retention
import SnapshotModel

/// What a policy asks for, against what there is.
///
/// Pure.
struct CheckEvaluation {
    /// A snapshot that is dated further ahead than this is no proof of anything.
    static let skewMilliseconds: Int64 = 300_000

    private let policy: PolicyFile
    private let scope: PolicyScope
    private let now: UnixMilliseconds
    private let zone: CivilZone

    init(_ policy: PolicyFile, now: UnixMilliseconds) {
        self.policy = policy
        self.now = now
        scope = PolicyScope(policy: policy.name, sourceName: policy.sourceName)
        // Days and months are those of the policy's zone, as in retention.
        zone = policy.retention.flatMap { CivilZone(identifier: $0.timeZone) } ?? .utc
    }

    func report(_ failure: OperationError) -> CheckReport {
        CheckReport(policy: policy.name, sourceName: policy.sourceName, findings: [.unreadable(failure)])
    }

    /// The entries are the newest first, the runs as well.
    func report(_ entries: [SnapshotEntry], runs: [RunRecord], freeByteCount: UInt64?) -> CheckReport {
        let live = entries.filter { $0.state.isLive && scope.contains($0) }
        let dated = live.filter { !isFuture($0) }
        let newest = dated.first { $0.state.isTrusted }
        var report = CheckReport(policy: policy.name, sourceName: policy.sourceName, findings: [])
        report.newest = newest
        report.ageMilliseconds = newest.map { max(0, now.milliseconds(since: $0.instant)) }
        report.verifiedAt = live.filter { !$0.state.isCorrupt }.compactMap(\.state.verifiedAt).max()
        report.drilledAt = live.filter { !$0.state.isCorrupt }.compactMap(\.state.drilledAt).max()
        report.freeByteCount = freeByteCount
        report.lastFailure = runs.first { run in
            run.isFailedSnapshot && scope.contains(run) && newest.map { run.startedAt > $0.startedAt } ?? true
        }
        let findings = age(newest, live) + size(newest, dated) + proofs(report, live) + space(newest, freeByteCount)
        let (critical, warnings) = (
            findings.filter { $0.severity == .critical }, findings.filter { $0.severity == .warning }
        )
        report.findings = critical + warnings
        return report
    }

    private func age(_ newest: SnapshotEntry?, _ live: [SnapshotEntry]) -> [CheckFinding] {
        let future = live.first(where: isFuture).map { CheckFinding.future($0) }
        guard let newest else { return [.noSnapshot(otherCount: live.count)] + [future].compactMap(\.self) }
        var found: [CheckFinding] = []
        if isBefore(newest.instant, policy.check.maximumAge) {
            let age = now.milliseconds(since: newest.instant)
            found.append(.tooOld(newest, ageMilliseconds: age, limit: policy.check.maximumAge))
        }
        return found + [future].compactMap(\.self)
    }

    private func size(_ newest: SnapshotEntry?, _ dated: [SnapshotEntry]) -> [CheckFinding] {
        var found: [CheckFinding] = []
        if let newest {
            if let minimum = policy.guards.minimumKeyCount, newest.keyCount < minimum {
                found.append(.tooFewKeys(newest, minimum: minimum))
            }
            if let minimum = policy.guards.minimumByteCount, newest.rawByteCount < minimum {
                found.append(.tooFewBytes(newest, minimum: minimum))
            }
        }
        if let first = dated.first(where: { !$0.state.isCorrupt }), first.state.isSuspicious {
            found.append(.suspicious(first))
        }
        return found
    }

    private func proofs(_ report: CheckReport, _ live: [SnapshotEntry]) -> [CheckFinding] {
        var found: [CheckFinding] = []
        let damaged = live.filter(\.state.isCorrupt)
        if !damaged.isEmpty { found.append(.damaged(damaged)) }
        if let limit = policy.check.verifiedWithin, report.verifiedAt.map({ isBefore($0, limit) }) ?? true {
            found.append(.verification(lastAt: report.verifiedAt, limit: limit))
        }
        if let limit = policy.check.drilledWithin, report.drilledAt.map({ isBefore($0, limit) }) ?? true {
            found.append(.drill(lastAt: report.drilledAt, limit: limit))
        }
        return found
    }

    private func space(_ newest: SnapshotEntry?, _ freeByteCount: UInt64?) -> [CheckFinding] {
        guard let newest, let freeByteCount, policy.check.freeSpacePercent > 0 else { return [] }
        let percent = UInt64(policy.check.freeSpacePercent)
        let (product, overflow) = newest.storedByteCount.multipliedReportingOverflow(by: percent)
        let needed = overflow ? UInt64.max : product / 100
        return freeByteCount < needed ? [.littleSpace(freeByteCount: freeByteCount, neededByteCount: needed)] : []
    }

    /// Whether an instant lies further back than a duration allows.
    private func isBefore(_ instant: UnixMilliseconds, _ duration: CivilDuration) -> Bool {
        var clock = CivilClock(zone)
        return instant < clock.subtract(duration, from: now)
    }

    private func isFuture(_ entry: SnapshotEntry) -> Bool {
        entry.instant > now.advanced(byMilliseconds: Self.skewMilliseconds)
    }
}
