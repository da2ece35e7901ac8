import ArchiveFormat
package import ArchiveIO
package import SnapshotModel

/// One archive to be loaded.
package struct RestorePart: Sendable {
    package let descriptor: PartDescriptor
    /// Opened whole, or salvaged.
    package let reader: ArchiveReader
    /// Records whose keys the target has, as `--only-missing` found; nil if nobody looked.
    package var present: RecordSet?

    package init(descriptor: PartDescriptor, reader: ArchiveReader) {
        self.descriptor = descriptor
        self.reader = reader
    }

    /// The blocks in which records begin, in the order of the file; those that only carry a value on are read with it.
    var blockNumbers: [UInt32] {
        reader.index.records.lazy.filter { $0.header.recordCount > 0 }.map(\.header.number)
    }
}

/// How far a restore has come; told for every batch.
package struct RestoreProgress: Hashable, Sendable {
    /// Records that had their turn, whatever became of them.
    package var recordCount: UInt64
    package var recordTotal: UInt64
    /// Bytes of commands handed to the connections.
    package var sentByteCount: UInt64
    /// All is sent; the target is asked what it holds.
    package var isChecking = false
}
