package import SnapshotModel

extension DrillPage {
    /// All that a page about a drill tells.
    package struct Content: Hashable, Sendable {
        package var record: DrillRecord
        /// The policy that asked for the drill.
        package var policy: String?
        package var snapshot: Snapshot
        /// Ascending by time; empty if nothing was restored.
        package var recovery: [RecoveryPoint] = []
        /// Remaining lives in the node after the restore, at the instant that the deadlines were shifted to.
        package var restoredLifetimes: LifetimeHistogram?
        /// How many restored deadlines were off by how much, in ascending order of the bounds.
        package var deadlineErrors: [DeadlineErrors] = []
        /// Keys that were restored, by type and by database as the snapshot's statistics name them.
        package var restoredTypes: [String: UInt64] = [:]
        package var restoredDatabases: [Int: UInt64] = [:]
        /// Differences as examples: the page shows some of them and counts the rest by the record.
        package var differences: [Difference] = []
        /// What the comparison did not look at, a sentence each.
        package var notCompared: [String] = []
        /// This drill and those before it, in any order.
        package var trend: [TrendPoint] = []
        /// The snapshots of the source, this one among them, in any order.
        package var sizes: [SizePoint] = []
        package var warnings: [String] = []
        package var zone = ReportZone.utc
        package var generatedAt: UnixMilliseconds
        package var toolVersion: String

        package init(
            record: DrillRecord,
            policy: String? = nil,
            snapshot: Snapshot,
            generatedAt: UnixMilliseconds,
            toolVersion: String
        ) {
            self.record = record
            self.policy = policy
            self.snapshot = snapshot
            self.generatedAt = generatedAt
            self.toolVersion = toolVersion
        }
    }

    /// The snapshot that was drilled, as its manifest tells of it.
    package struct Snapshot: Hashable, Sendable {
        package var id: SnapshotID
        package var source: SourceDescriptor
        package var method: CaptureMethod
        package var instant: UnixMilliseconds
        package var isPointInTime: Bool
        package var codec: String
        package var storedByteCount: UInt64
        package var rawByteCount: UInt64
        package var statistics: SnapshotStatistics

        package init(_ manifest: Manifest) {
            id = manifest.id
            source = manifest.source
            method = manifest.method
            instant = manifest.instant
            isPointInTime = manifest.consistency.isPointInTime
            codec = manifest.codec
            storedByteCount = manifest.storedByteCount
            rawByteCount = manifest.rawByteCount
            statistics = manifest.statistics
        }
    }

    /// How much the node could serve at a time.
    package struct RecoveryPoint: Hashable, Sendable {
        /// Since the command.
        package var milliseconds: Int64
        /// From 0 to 1.
        package var keyShare: Double
        /// Of the recent accesses; nil where the snapshot has no access data.
        package var accessShare: Double?

        package init(milliseconds: Int64, keyShare: Double, accessShare: Double? = nil) {
            (self.milliseconds, self.keyShare, self.accessShare) = (milliseconds, keyShare, accessShare)
        }
    }

    /// Deadlines that were off by more than the class before, and by so many milliseconds at most.
    package struct DeadlineErrors: Hashable, Sendable {
        package var upToMilliseconds: Int64
        package var keyCount: UInt64

        package init(upToMilliseconds: Int64, keyCount: UInt64) {
            (self.upToMilliseconds, self.keyCount) = (upToMilliseconds, keyCount)
        }
    }

    /// One difference between the archive and the node.
    package struct Difference: Hashable, Sendable {
        package var kind: DrillDifferenceKind
        package var database: Int
        /// Any bytes; empty where it is not about a key.
        package var key: [UInt8]
        package var type: String
        /// What is different, in words.
        package var detail: String

        package init(kind: DrillDifferenceKind, database: Int, key: [UInt8], type: String, detail: String) {
            (self.kind, self.database, self.key, self.type, self.detail) = (kind, database, key, type, detail)
        }
    }

    /// A drill in the course of drills.
    package struct TrendPoint: Hashable, Sendable {
        package var snapshot: SnapshotID
        package var at: UnixMilliseconds
        package var record: DrillRecord

        package init(snapshot: SnapshotID, at: UnixMilliseconds, record: DrillRecord) {
            (self.snapshot, self.at, self.record) = (snapshot, at, record)
        }
    }

    /// How large a snapshot is.
    package struct SizePoint: Hashable, Sendable {
        package var id: SnapshotID
        package var instant: UnixMilliseconds
        package var storedByteCount: UInt64
        package var rawByteCount: UInt64
        package var keyCount: UInt64

        package init(
            id: SnapshotID,
            instant: UnixMilliseconds,
            storedByteCount: UInt64,
            rawByteCount: UInt64,
            keyCount: UInt64
        ) {
            self.id = id
            self.instant = instant
            self.storedByteCount = storedByteCount
            self.rawByteCount = rawByteCount
            self.keyCount = keyCount
        }
    }
}
