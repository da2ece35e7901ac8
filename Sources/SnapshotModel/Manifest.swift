/// The small object that is written last: without it there is no snapshot.
///
/// It is stored as JSON with sorted keys; fields are only ever added.
package struct Manifest: Codable, Hashable, Sendable {
    /// The newest manifest schema that this program writes and reads.
    package static let currentSchema = 1

    package var schema: Int
    package var id: SnapshotID
    /// Strictly increasing within a repository: the order of publishing.
    package var sequence: UInt64
    package var source: SourceDescriptor
    package var method: CaptureMethod
    /// The point in time that the data represents, by the source's own clock; for a scan the start of its window.
    package var instant: UnixMilliseconds
    package var consistency: Consistency
    package var clocks: ClockComparison?
    /// When the run began and ended, by this host's clock.
    package var startedAt: UnixMilliseconds
    package var finishedAt: UnixMilliseconds
    package var policy: String?
    package var tags: [String: String]
    package var format: PayloadFormat
    package var codec: String
    package var parts: [PartDescriptor]
    package var shards: [ShardDescriptor]
    package var statistics: SnapshotStatistics
    /// What the operator should know, in sentences: why a method fell back, what was disturbed.
    package var warnings: [String]
    /// The version of Rewarm that wrote the snapshot.
    package var toolVersion: String
    /// What was written to the source to be found again; nil if nothing was.
    package var sentinel: SnapshotSentinel?

    package init(
        id: SnapshotID,
        sequence: UInt64,
        source: SourceDescriptor,
        method: CaptureMethod,
        instant: UnixMilliseconds,
        consistency: Consistency,
        clocks: ClockComparison?,
        startedAt: UnixMilliseconds,
        finishedAt: UnixMilliseconds,
        policy: String?,
        tags: [String: String],
        format: PayloadFormat,
        codec: String,
        parts: [PartDescriptor],
        shards: [ShardDescriptor],
        statistics: SnapshotStatistics,
        warnings: [String],
        toolVersion: String
    ) {
        schema = Self.currentSchema
        self.id = id
        self.sequence = sequence
        self.source = source
        self.method = method
        self.instant = instant
        self.consistency = consistency
        self.clocks = clocks
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.policy = policy
        self.tags = tags
        self.format = format
        self.codec = codec
        self.parts = parts
        self.shards = shards
        self.statistics = statistics
        self.warnings = warnings
        self.toolVersion = toolVersion
    }

    package var keyCount: UInt64 { statistics.keyCount }
    package var storedByteCount: UInt64 { parts.reduce(0) { $0 + $1.storedByteCount } }
    package var rawByteCount: UInt64 { parts.reduce(0) { $0 + $1.rawByteCount } }
}

/// One archive of a snapshot.
package struct PartDescriptor: Codable, Hashable, Sendable {
    /// 0-based, unique within the snapshot.
    package var number: Int
    /// The archive's size in bytes, and of its record blocks before compression.
    package var storedByteCount: UInt64
    package var rawByteCount: UInt64
    /// Records in the archive (superseded ones included) and its blocks of records.
    package var recordCount: UInt64
    package var blockCount: UInt64
    /// SHA-256 of the whole file, 64 lower-case hexadecimal digits.
    package var sha256: String

    package init(
        number: Int,
        storedByteCount: UInt64,
        rawByteCount: UInt64,
        recordCount: UInt64,
        blockCount: UInt64,
        sha256: String
    ) {
        self.number = number
        self.storedByteCount = storedByteCount
        self.rawByteCount = rawByteCount
        self.recordCount = recordCount
        self.blockCount = blockCount
        self.sha256 = sha256
    }
}

extension Manifest {
    /// False for a snapshot of some of a cluster's shards: then it is no snapshot of the cluster.
    package var coversWholeSource: Bool {
        let isOfCluster = shards.contains { $0.clusterShardCount != nil || !$0.slotRanges.isEmpty }
        return !isOfCluster || shards.reduce(0) { $0 + $1.slotCount } == ShardDescriptor.clusterSlotCount
    }
}
