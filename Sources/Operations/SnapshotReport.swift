package import SnapshotModel

/// What taking a snapshot, or importing one, came to.
package struct SnapshotReport: Sendable {
    /// As it was published.
    package let manifest: Manifest
    /// From the first connection to the end of the source's data.
    package let captureMilliseconds: Int64
    /// From the first connection until the manifest was durable.
    package let durationMilliseconds: Int64
    /// How long the source's socket was not read because the archive was not ready for more.
    package let sourceWaitMilliseconds: Int64
    /// Blocks that were compressed at a lower level than asked for, so that the source would not wait.
    package let hurriedBlockCount: UInt64
    /// Why a guard doubts the snapshot, which was published all the same; nil if none does.
    package let suspicion: String?

    package var keyCount: UInt64 { manifest.keyCount }
    /// Bytes of records before compression, and of the archives.
    package var rawByteCount: UInt64 { manifest.rawByteCount }
    package var storedByteCount: UInt64 { manifest.storedByteCount }
    package var warnings: [String] { manifest.warnings }
}
