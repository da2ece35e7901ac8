import SnapshotModel
import Transport

/// What the target itself says after a restore: the counters of the restore are not their own proof.
package struct RestoreVerification: Codable, Hashable, Sendable {
    /// One database of a target that was empty, held against INFO keyspace.
    package struct DatabaseCheck: Codable, Hashable, Sendable {
        package var database: UInt32
        /// Keys that must be there: those stored, without those that were due or evicted by then.
        package var expectedKeyCounts: ClosedRange<UInt64>
        package var keyCount: UInt64
        package var expectedExpiringKeyCounts: ClosedRange<UInt64>
        /// nil where the store does not count them apart.
        package var expiringKeyCount: UInt64?

        package init(
            database: UInt32,
            expectedKeyCounts: ClosedRange<UInt64>,
            keyCount: UInt64,
            expectedExpiringKeyCounts: ClosedRange<UInt64>,
            expiringKeyCount: UInt64?
        ) {
            self.database = database
            self.expectedKeyCounts = expectedKeyCounts
            self.keyCount = keyCount
            self.expectedExpiringKeyCounts = expectedExpiringKeyCounts
            self.expiringKeyCount = expiringKeyCount
        }

        package var isAsExpected: Bool {
            expectedKeyCounts.contains(keyCount)
                && expiringKeyCount.map(expectedExpiringKeyCounts.contains) ?? true
        }
    }

    /// Empty if the target was not empty before, so that its counts tell nothing.
    package var databases: [DatabaseCheck] = []
    /// Keys of the sample that were read back.
    package var sampledKeyCount: UInt64 = 0
    /// Of those: with the value and deadline that were written.
    package var matchingKeyCount: UInt64 = 0
    /// Of the matching: values that were too large or of a module, so that only presence and deadline were compared.
    package var presenceOnlyKeyCount: UInt64 = 0
    /// Gone because their deadline had passed.
    package var dueKeyCount: UInt64 = 0
    package var missingKeyCount: UInt64 = 0
    package var differingValueCount: UInt64 = 0
    package var differingDeadlineCount: UInt64 = 0

    package init() {}

    /// All keys of the sample are accounted for and as written, and every database counts what it should.
    package var isGood: Bool {
        databases.allSatisfy(\.isAsExpected) && matchingKeyCount + dueKeyCount == sampledKeyCount
    }
}

extension RestoreVerification {
    /// Holds what was stored against what INFO says at `now` (the target's clock).
    ///
    /// Keys that were due may or may not have been removed by then; keys that were evicted may be of any database.
    static func check(
        _ stored: LoadedKeyspace,
        against counts: StoreCounts,
        evictedCount: UInt64,
        now: UnixMilliseconds
    ) -> [DatabaseCheck] {
        Set(stored.databases.keys).union(counts.keyspace.keys).sorted().map { database in
            let expected = stored.databases[database]
            let found = counts.keyspace[database] ?? NodeInfo.KeyspaceEntry(keyCount: 0, expiringKeyCount: 0)
            let keyCount = expected?.keyCount ?? 0
            let expiringCount = expected?.deadlines.count ?? 0
            let mayBeGone = (expected?.dueCount(by: now) ?? 0) + evictedCount
            // Keys of others that were met: they may be there still, with a deadline or without.
            let others = expected?.existingCount ?? 0
            return DatabaseCheck(
                database: database,
                expectedKeyCounts: (keyCount - min(keyCount, mayBeGone))...keyCount + others,
                keyCount: found.keyCount,
                expectedExpiringKeyCounts: (expiringCount - min(expiringCount, mayBeGone))...expiringCount + others,
                expiringKeyCount: counts.countsDeadlines ? found.expiringKeyCount : nil
            )
        }
    }
}
