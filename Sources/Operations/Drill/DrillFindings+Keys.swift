import Comparison
import RDB
import SnapshotModel

// What is counted of each key, whichever engine it was read from.

extension DrillFindings {
    /// The values of which the keys were alive at `moment`; the others are counted as expired.
    mutating func alive(
        _ values: [ArchivedValue],
        at moment: UnixMilliseconds,
        of archive: ArchivedValues,
        _ scope: ValueFingerprinter.Scope
    ) async throws -> [ArchivedValue] {
        var alive: [ArchivedValue] = []
        for var value in values {
            if value.isChained { value.entry.value = try await archive.fingerprint(value.entry, scope: scope) }
            if value.entry.hasExpired(by: moment) { expiredKeyCount += 1 } else { alive.append(value) }
        }
        return alive
    }

    /// Counts a key that was judged, but for its differences.
    mutating func note(_ verdict: DrillJudge.Verdict, of entry: ComparisonEntry) {
        comparedKeyCount += 1
        if let error = verdict.deadlineError { add(deadlineError: error) }
        if verdict.comparedAccess { comparedAccessCount += 1 }
        if verdict.isUndecided { undecided[entry.typeName, default: 0] += 1 }
    }

    /// Counts a key that is in the node; its life is counted from the snapshot's instant.
    mutating func notePresence(
        of entry: ComparisonEntry,
        _ reading: NodeKeyReading,
        shiftMilliseconds: Int64,
        instant: UnixMilliseconds
    ) {
        types[entry.typeName, default: 0] += 1
        databases[entry.database, default: 0] += 1
        let expiry = reading.deadline.map { deadline -> Expiry in
            .at(deadline.lowerBound.advanced(byMilliseconds: -shiftMilliseconds))
        }
        lifetimes.add(expiry ?? .never, at: instant)
    }

    /// Holds the number of keys in the node against those that were restored, where a sample was compared by name.
    mutating func note(nodeKeyCount count: UInt64, restored expected: UInt64) {
        let known = counts[.missing] ?? 0
        add(expected - min(expected, count + known), .missing)
        add(count - min(count, expected), .extra)
    }

    /// Keys that were thrown away since a counter of the server stood at `before`.
    mutating func note(evictedKeyCount now: UInt64?, since before: UInt64) {
        let now = now ?? 0
        evictedKeyCount = now - min(now, before)
    }
}

extension OperationProgress {
    /// How many keys of a drill are compared.
    init(comparing manifest: Manifest, completedKeyCount: UInt64, of sample: DrillSample?) {
        self.init(
            .comparing,
            subject: manifest.id.text,
            completedKeyCount: completedKeyCount,
            totalKeyCount: sample.map { UInt64($0.count) } ?? manifest.keyCount
        )
    }
}
