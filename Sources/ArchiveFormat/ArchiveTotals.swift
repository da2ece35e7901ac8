/// What an archive holds in all.
package struct ArchiveTotals: Hashable, Sendable {
    /// Records, superseded ones included.
    package var recordCount: UInt64
    /// Of the blocks of records, before compression.
    package var rawByteCount: UInt64
    package var recordBlockCount: UInt32
    /// Blocks that hold neither records nor index.
    package var otherBlockCount: UInt32
    package var chainCount: UInt32
    package var supersededCount: UInt64

    package init(
        recordCount: UInt64 = 0,
        rawByteCount: UInt64 = 0,
        recordBlockCount: UInt32 = 0,
        otherBlockCount: UInt32 = 0,
        chainCount: UInt32 = 0,
        supersededCount: UInt64 = 0
    ) {
        self.recordCount = recordCount
        self.rawByteCount = rawByteCount
        self.recordBlockCount = recordBlockCount
        self.otherBlockCount = otherBlockCount
        self.chainCount = chainCount
        self.supersededCount = supersededCount
    }
}
