package import ArchiveIO
import Memcached
import NIOCore
package import ObjectStorage
import SnapshotModel
package import Transport

/// A snapshot of a Memcached server: its own walk lists the items, and each is read with its value, flags, deadline,
/// CAS value and last use in one reply.
///
///     lru_crawler metadump -> keys (a queue that spills) -> mg on other connections -> records
///
/// What belongs to one item belongs together; the items among one another were read in a window of time.
package struct CrawlCapture: CaptureSession {
    /// Connections that read values: the server works on them in parallel.
    static let linkCount = 2

    package let opening: CaptureOpening
    private let source: CrawlSource
    private let dump: CrawlDump
    private let sample: CrawlSample
    private let keysPerSecond: Int?
    private let spillPlace: ExternalSortSpill.Place

    /// Connects, finds out what the server can do, and has it begin its walk.
    package static func open(
        _ connectionOptions: ConnectionOptions,
        keysPerSecond: Int? = nil,
        spillingTo spillPlace: ExternalSortSpill.Place
    ) async throws -> Self {
        let source = try await CrawlSource.open(connectionOptions, linkCount: linkCount)
        var dump: CrawlDump?
        do {
            var begun = try await CrawlDump.begin(connectionOptions, by: source.stats.runID)
            dump = begun
            let entries = try await begun.sample(count: CrawlSample.itemCount)
            let sample = CrawlSample(entries, walk: begun.walk, now: source.time)
            return Self(source, begun, sample, keysPerSecond, spillPlace)
        } catch {
            await dump?.connection.close()
            await source.close()
            throw error
        }
    }

    private init(
        _ source: CrawlSource,
        _ dump: CrawlDump,
        _ sample: CrawlSample,
        _ keysPerSecond: Int?,
        _ spillPlace: ExternalSortSpill.Place
    ) {
        self.source = source
        self.dump = dump
        self.sample = sample
        self.keysPerSecond = keysPerSecond
        self.spillPlace = spillPlace
        let from = UnixMilliseconds(source.time * 1000)
        var warnings = source.warnings
        if dump.walk == .all {
            warnings.append(
                "\(source.control.address) walks by its LRU lists only: items that moved in them meanwhile may be missing"
            )
        }
        opening = CaptureOpening(
            method: .crawl,
            engine: .memcached,
            serverVersion: source.control.versionText,
            runID: source.runID,
            address: source.control.address,
            instant: from,
            clocks: source.clocks,
            consistency: Consistency(isPointInTime: false, from: from, to: from),
            format: MemcachedItem.format,
            expectedKeyCount: source.stats.itemCount,
            accessTiers: sample.bounds,
            warnings: warnings
        )
    }

    package func run(
        into writer: ArchiveWriter,
        progress: @escaping @Sendable (CaptureProgress) -> Void
    ) async throws -> CaptureResult {
        let recorder = CrawlRecorder(
            sink: RecordSink(
                writer: writer,
                instant: opening.instant,
                tiers: opening.accessTiers,
                duplicates: DuplicateResolver(spillingTo: spillPlace)
            ),
            sample: sample,
            knowsCAS: source.knowsCAS,
            expectedKeyCount: opening.expectedKeyCount,
            progress: progress
        )
        let queue = CrawlQueue(spillingTo: spillPlace)
        var run = CrawlRun(recorder: recorder, source: source, queue: queue, keysPerSecond: keysPerSecond)
        let executor = BlockingExecutor(label: "rewarm.values")
        defer { withExtendedLifetime(executor) {} }
        let listedCount = try await withThrowingTaskGroup(of: UInt64.self) { group in
            group.addTask { [dump] in try await ListedItems.drain(dump, into: queue) }
            do {
                try await withTaskExecutorPreference(executor) { try await run.read() }
                return try await group.next() ?? 0
            } catch {
                await dump.connection.close()
                group.cancelAll()
                throw error
            }
        }
        return try await finish(&run, listedCount: listedCount, waitedDuration: writer.waitedDuration)
    }

    /// `waitedDuration` is the time in which nothing was read because the archive's writer was behind.
    private func finish(
        _ run: inout CrawlRun,
        listedCount: UInt64,
        waitedDuration: Duration
    ) async throws -> CaptureResult {
        try await run.recorder.sink.flushAll()
        let superseded = try run.recorder.sink.resolveDuplicates()
        var consistency = opening.consistency
        let last = try await source.control.stats()
        consistency.to = UnixMilliseconds((last.time ?? source.latestTime) * 1000)
        consistency.vanishedKeyCount = run.vanishedCount
        consistency.rereadKeyCount = run.rereadCount
        consistency.duplicateKeyCount = UInt64(superseded.count)
        consistency.listedKeyCount = listedCount
        consistency.countedKeyCount = source.stats.itemCount
        consistency.unreadableKeyCount = run.unreadableCount
        let statistics = run.recorder.sink.statistics.statistics { type in
            PayloadTypes.name(type: type, format: MemcachedItem.format) ?? "type \(type)"
        }
        let accounted = statistics.keyCount + UInt64(superseded.count) + run.vanishedCount + run.unreadableCount
        guard accounted == listedCount else {
            throw CaptureError(
                .unstable,
                "\(source.control.address) listed \(listedCount) items, and \(accounted) are accounted for; please "
                    + "report this as a bug"
            )
        }
        let waitMilliseconds = max(run.pausedTime, waitedDuration).wholeMilliseconds
        await close()
        return CaptureResult(
            format: MemcachedItem.format,
            serverVersion: source.control.versionText,
            consistency: consistency,
            shard: ShardDescriptor(slotRanges: [], clusterShardCount: nil),
            statistics: statistics,
            superseded: superseded,
            warnings: warnings(run, evictedCount: evicted(last)),
            sourceWaitMilliseconds: waitMilliseconds,
            doubt: doubt(run, last)
        )
    }

    /// The server counts how often it was emptied; items that were listed by then and not read are gone.
    private func doubt(_ run: borrowing CrawlRun, _ last: MemcachedStats) -> String? {
        let count = (last.flushCount ?? 0) - min(source.stats.flushCount ?? 0, last.flushCount ?? 0)
        guard count > 0 else { return nil }
        return
            "\(source.control.address) was emptied (flush_all) while it was read: \(run.vanishedCount) of the items that "
            + "it had listed were gone, and others it listed no more"
    }

    private func evicted(_ last: MemcachedStats) -> UInt64 {
        (last.evictionCount ?? 0) - min(source.stats.evictionCount ?? 0, last.evictionCount ?? 0)
    }

    private func warnings(_ run: borrowing CrawlRun, evictedCount: UInt64) -> [String] {
        let address = source.control.address
        var warnings: [String] = []
        for (text, count) in run.unreadable.sorted(by: { $0.key < $1.key }) {
            warnings.append("\(count) items of \(address) are missing, as it answered their reading with: \(text)")
        }
        if run.namelessCount > 0 {
            warnings.append(
                "\(run.namelessCount) items of \(address) are missing, as no command of text can name their keys (more than "
                    + "186 bytes, with a space, line feed or NUL, from clients of the binary protocol)"
            )
        }
        if evictedCount > 0 {
            warnings.append("\(address) evicted \(evictedCount) items for want of memory while it was read")
        }
        if let warning = run.renewals.warning { warnings.append(warning) }
        return warnings
    }

    package func close() async {
        await dump.connection.close()
        await source.close()
    }
}
