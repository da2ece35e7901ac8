package import ArchiveFormat
package import SnapshotModel

/// What became of an archive that was written, read back and checked.
package struct ArchiveSummary: Hashable, Sendable {
    /// The archive's size in bytes, and of its blocks of records before compression.
    package var storedByteCount: UInt64
    package var rawByteCount: UInt64
    /// Records, superseded ones included.
    package var recordCount: UInt64
    /// Blocks of records.
    package var blockCount: UInt64
    package var supersededCount: UInt64
    /// SHA-256 of the whole file, 64 lower-case hexadecimal digits; computed twice, from what was written and from
    /// what was read back.
    package var sha256: String
    /// How long `append` waited because the queue to the compressors was full.
    package var waitedDuration: Duration
    /// Blocks that were compressed at a lower level than asked for, so that the source would not wait.
    package var hurriedBlockCount: UInt64

    /// The archive as a manifest lists it.
    package func part(_ number: Int) -> PartDescriptor {
        PartDescriptor(
            number: number,
            storedByteCount: storedByteCount,
            rawByteCount: rawByteCount,
            recordCount: recordCount,
            blockCount: blockCount,
            sha256: sha256
        )
    }
}

/// What is known of an archive's content only at its end.
package struct ArchiveEnding: Sendable {
    /// Counts over the live keys.
    package var statistics: SnapshotStatistics
    /// As it is known at the end; nil if the description's stands.
    package var consistency: Consistency?
    /// The payload format if it was not known at the beginning; nil if the description's stands.
    package var format: PayloadFormat?
    /// Records that a later reading of the same key superseded.
    package var superseded: SupersededRecords

    package init(
        statistics: SnapshotStatistics,
        consistency: Consistency? = nil,
        format: PayloadFormat? = nil,
        superseded: SupersededRecords = SupersededRecords()
    ) {
        self.statistics = statistics
        self.consistency = consistency
        self.format = format
        self.superseded = superseded
    }
}
