package import ArchiveFormat
package import ArchiveIO
package import SnapshotModel

/// A capture that has begun: what its snapshot will represent is known, no record has been written yet.
///
/// It ends with `run` or `close`.
package protocol CaptureSession: Sendable {
    var opening: CaptureOpening { get }

    /// Writes every record to the archive. What is thrown means that there is no snapshot.
    func run(
        into writer: ArchiveWriter,
        progress: @escaping @Sendable (CaptureProgress) -> Void
    ) async throws -> CaptureResult

    /// Gives the capture up.
    func close() async
}

/// What is known of a capture before its first record.
package struct CaptureOpening: Sendable {
    package var method: CaptureMethod
    package var engine: Engine
    /// The server's version; empty where unknown.
    package var serverVersion: String
    package var runID: String?
    /// Where it is read from, without user and password.
    package var address: String
    /// The point in time that the data represents, by the source's clock; for a scan its start.
    package var instant: UnixMilliseconds
    package var clocks: ClockComparison?
    /// As it is known so far.
    package var consistency: Consistency
    /// How payloads will probably have to be read; for a stream its version is that of the first bytes.
    package var format: PayloadFormat
    /// Keys by INFO; nil where nobody knows.
    package var expectedKeyCount: UInt64?
    /// How blocks are sorted by temperature; nil where nothing is known of the keys' last use.
    package var accessTiers: AccessTierBounds?
    package var warnings: [String]
}

/// What a capture knows at its end.
package struct CaptureResult: Sendable {
    package var format: PayloadFormat
    /// As the stream or the server tells; nil if neither did.
    package var serverVersion: String?
    package var consistency: Consistency
    package var shard: ShardDescriptor
    package var statistics: SnapshotStatistics
    /// Records that a later reading of the same key replaces, ascending.
    package var superseded: [RecordPlace]
    /// Beyond those of the opening.
    package var warnings: [String]
    /// How long the source's socket was not read because the archive was not ready for more; it costs the source.
    package var sourceWaitMilliseconds: Int64
    /// Why the capture may not be what the source is to be restored from, though it is whole; nil without such a reason.
    package var doubt: String?
}

extension Duration {
    /// Whole milliseconds, rounded down.
    package var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
