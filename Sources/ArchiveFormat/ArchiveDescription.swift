package import SnapshotModel

/// What an archive says of itself in its header, as JSON: what is known before the first record.
///
/// Fields are only ever added; the closing block repeats it beside what is known at the end.
package struct ArchiveDescription: Codable, Hashable, Sendable {
    package var snapshot: SnapshotID
    /// 0-based number of the part.
    package var part: Int
    package var source: SourceDescriptor
    package var method: CaptureMethod
    /// How the payloads are to be read; for a scan that has not seen a value yet the RDB version is 0 here.
    package var format: PayloadFormat
    /// The point in time that the data represents, by the source's clock; of a scan its start.
    package var instant: UnixMilliseconds
    /// When the capture began, by the host's clock.
    package var startedAt: UnixMilliseconds
    package var clocks: ClockComparison?
    /// As it is known at the start.
    package var consistency: Consistency
    /// The codec asked for, in the form of `--codec`; each block names its own.
    package var codec: String
    package var blockTargetByteCount: Int
    package var toolVersion: String
    /// How the blocks are sorted by temperature; nil where they are in the order of the source.
    package var accessTiers: AccessTierBounds?

    package init(
        snapshot: SnapshotID,
        part: Int,
        source: SourceDescriptor,
        method: CaptureMethod,
        format: PayloadFormat,
        instant: UnixMilliseconds,
        startedAt: UnixMilliseconds,
        clocks: ClockComparison?,
        consistency: Consistency,
        codec: BlockCodec,
        blockTargetByteCount: Int = ArchiveLimits.blockTargetByteCount,
        toolVersion: String,
        accessTiers: AccessTierBounds? = nil
    ) {
        self.snapshot = snapshot
        self.part = part
        self.source = source
        self.method = method
        self.format = format
        self.instant = instant
        self.startedAt = startedAt
        self.clocks = clocks
        self.consistency = consistency
        self.codec = codec.description
        self.blockTargetByteCount = blockTargetByteCount
        self.toolVersion = toolVersion
        self.accessTiers = accessTiers
    }
}

/// What an archive says of itself at its end, as JSON: the one block of kind `closing`.
package struct ArchiveClosing: Codable, Hashable, Sendable {
    /// The header's description again, for salvage; the format as it is known at the end.
    package var description: ArchiveDescription
    /// Counts over the live keys.
    package var statistics: SnapshotStatistics
    /// As it is known at the end.
    package var consistency: Consistency

    package init(description: ArchiveDescription, statistics: SnapshotStatistics, consistency: Consistency) {
        self.description = description
        self.statistics = statistics
        self.consistency = consistency
    }
}
