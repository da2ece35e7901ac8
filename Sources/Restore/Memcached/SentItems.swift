import ArchiveFormat
import ArchiveIO
package import NIOCore
package import SnapshotModel

/// The keys that a restore into Memcached has sent and that should be there still, read once more from the archives.
///
/// What such a server has evicted it counts, and does not name: held against its own list of names, these tell.
package struct SentItems: Sendable {
    private let pump: ItemPump
    private let now: UnixMilliseconds

    /// `start` is the target's clock when the restore began, `now` what it shows; nil if the target is no Memcached.
    package init?(_ plan: RestorePlan, _ manifest: Manifest, start: UnixMilliseconds, now: UnixMilliseconds) {
        guard let dialect = plan.itemDialect else { return nil }
        let format = manifest.format
        pump = ItemPump(
            format,
            filter: RecordFilter(plan.options) { PayloadTypes.name(type: $0, format: format) },
            resolver: DeadlineResolver(plan.options, manifest, start: start),
            dialect: dialect,
            database: plan.options.databases.first?.source ?? 0
        )
        self.now = now
    }

    /// Gives each key to `receive`; damaged blocks were lost to the restore, too.
    package func read(_ parts: [RestorePart], _ receive: (ByteBuffer) throws -> Void) async throws {
        for part in parts {
            let parallelism = ArchiveConcurrency.coreCount
            try await part.reader.withBlocks(part.blockNumbers, parallelism: parallelism) { stream in
                while let outcome = try await stream.nextOutcome() {
                    if case .decoded(let block) = outcome { try read(block, of: part, receive) }
                    try Task.checkCancellation()
                }
            }
        }
    }

    private func read(_ block: DecodedBlock, of part: RestorePart, _ receive: (ByteBuffer) throws -> Void) throws {
        var state = BlockProgress(block, of: part)
        while let layout = try state.nextKey() {
            let chain = layout.chunk.flatMap { _ in part.reader.chains[block.header.number] }
            let form = pump.form(
                of: layout,
                in: block.bytes,
                isPresent: state.isPresent(layout.ordinal),
                totalByteCount: chain.map { Int(clamping: $0.totalByteCount) },
                typeName: "",
                now: now
            )
            if case .success = form { try receive(layout.key(in: block.bytes)) }
        }
    }
}
