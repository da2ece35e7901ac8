package import SnapshotModel

extension RepositoryPage {
    /// All that a page about a repository tells.
    package struct Content: Hashable, Sendable {
        /// Its directory.
        package var repository: String
        /// The policy that it is seen through; nil: everything in it, without rules.
        package var policy: String?
        package var status: Status
        /// What is not as it should be, the worst first, a sentence each.
        package var findings: [Finding] = []
        /// In any order; deleted ones that were not purged yet, too.
        package var snapshots: [Snapshot] = []
        package var failedRuns: [FailedRun] = []
        package var gaps: [Gap] = []
        /// How often snapshots are to be taken: "every day at 03:30"; nil if no schedule is known.
        package var schedule: String?
        /// The rules of retention with what each keeps, in the order in which they are written.
        package var rules: [Rule] = []
        /// Why nothing may be deleted, a sentence each.
        package var brakes: [String] = []
        /// The drills of the snapshots that are still there, in any order.
        package var drills: [DrillPage.TrendPoint] = []
        package var objectives: DrillRecord.Objectives?
        package var freeByteCount: UInt64?
        package var zone = ReportZone.utc
        package var generatedAt: UnixMilliseconds
        package var toolVersion: String

        package init(
            repository: String,
            policy: String? = nil,
            status: Status,
            generatedAt: UnixMilliseconds,
            toolVersion: String
        ) {
            self.repository = repository
            self.policy = policy
            self.status = status
            self.generatedAt = generatedAt
            self.toolVersion = toolVersion
        }
    }

    package enum Status: String, CaseIterable, Hashable, Sendable {
        /// Everything that was asked for is as it should be.
        case good
        /// What protects the backup is late or short; a restore would be possible.
        case warning
        /// A restore would bring back too little, too old or nothing.
        case critical
        /// Nothing was asked for.
        case unchecked
    }

    package struct Finding: Hashable, Sendable {
        package var isCritical: Bool
        package var message: String

        package init(isCritical: Bool, message: String) {
            (self.isCritical, self.message) = (isCritical, message)
        }
    }

    /// What retention would do with a snapshot.
    package enum Decision: String, Hashable, Sendable {
        case keep
        case delete
        case skip
    }

    package struct Snapshot: Hashable, Sendable {
        package var id: SnapshotID
        package var sourceName: String
        package var instant: UnixMilliseconds
        package var keyCount: UInt64
        package var storedByteCount: UInt64
        package var rawByteCount: UInt64
        /// In words: held, verified, suspicious.
        package var states: [String]
        /// Whether `latest` may yield it.
        package var isTrusted: Bool
        package var verifiedAt: UnixMilliseconds?
        /// nil without rules.
        package var decision: Decision?
        /// As retention words them: `daily 3/7 2026-11-19`.
        package var reasons: [String]
        /// The letter of the coarsest tier that keeps it: Y, Q, M, W, D, H; "." where something else does.
        package var tierLetter: String?
        package var earliestDeleteAt: UnixMilliseconds?

        package init(
            id: SnapshotID,
            sourceName: String,
            instant: UnixMilliseconds,
            keyCount: UInt64,
            storedByteCount: UInt64,
            rawByteCount: UInt64,
            states: [String] = [],
            isTrusted: Bool = true,
            verifiedAt: UnixMilliseconds? = nil,
            decision: Decision? = nil,
            reasons: [String] = [],
            tierLetter: String? = nil,
            earliestDeleteAt: UnixMilliseconds? = nil
        ) {
            self.id = id
            self.sourceName = sourceName
            self.instant = instant
            self.keyCount = keyCount
            self.storedByteCount = storedByteCount
            self.rawByteCount = rawByteCount
            self.states = states
            self.isTrusted = isTrusted
            self.verifiedAt = verifiedAt
            self.decision = decision
            self.reasons = reasons
            self.tierLetter = tierLetter
            self.earliestDeleteAt = earliestDeleteAt
        }
    }

    /// An attempt that left no snapshot.
    package struct FailedRun: Hashable, Sendable {
        package var at: UnixMilliseconds
        package var sourceName: String?
        package var kind: String
        package var reason: String

        package init(at: UnixMilliseconds, sourceName: String?, kind: String, reason: String) {
            (self.at, self.sourceName, self.kind, self.reason) = (at, sourceName, kind, reason)
        }
    }

    /// A time in which snapshots were due and none was published.
    package struct Gap: Hashable, Sendable {
        /// The instants of the snapshots on either side; the second is nil for a gap that lasts.
        package var from: UnixMilliseconds
        package var to: UnixMilliseconds?
        package var missedCount: Int

        package init(from: UnixMilliseconds, to: UnixMilliseconds?, missedCount: Int) {
            (self.from, self.to, self.missedCount) = (from, to, missedCount)
        }
    }

    /// A rule or a floor of retention, and what it keeps.
    package struct Rule: Hashable, Sendable {
        /// `daily`, `min-copies`.
        package var name: String
        /// As the policy has it; nil for what is no rule of the policy: holds, leases.
        package var setting: String?
        package var keptCount: Int
        package var newest: UnixMilliseconds?
        package var oldest: UnixMilliseconds?

        package init(
            name: String,
            setting: String?,
            keptCount: Int,
            newest: UnixMilliseconds? = nil,
            oldest: UnixMilliseconds? = nil
        ) {
            self.name = name
            self.setting = setting
            self.keptCount = keptCount
            self.newest = newest
            self.oldest = oldest
        }
    }
}
