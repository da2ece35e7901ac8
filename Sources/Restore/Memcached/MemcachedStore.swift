import Memcached
import NIOCore
import RDB
import SnapshotModel
import Transport

/// A Memcached server as the target of a restore.
struct MemcachedStore: TargetStore {
    private static let pollInterval = Duration.milliseconds(20)
    /// How long the crawler is waited for when it lets go of what is dead.
    private static let reclaimPatience = Duration.seconds(30)

    let connection: MemcachedConnection
    /// For the connection that looks through its keys.
    let target: ConnectionOptions

    var address: String { connection.address }

    func survey(_ manifest: Manifest, _ options: RestoreOptions) async throws(TransportError) -> TargetFacts {
        try await MemcachedSurvey(connection: connection, target: target).facts()
    }

    /// The server tells whole seconds: what is taken for its clock is the end of the second, so that nothing is sent that
    /// has ended already.
    func clock() async throws(TransportError) -> TargetClock? {
        let before = ContinuousClock.now
        guard let time = try await connection.stats().time else { return nil }
        return TargetClock(told: UnixMilliseconds(time * 1000 + 999), at: before)
    }

    func examine(
        _ sample: [RestoreSample.Entry],
        clock: TargetClock
    ) async throws(TransportError) -> TargetExamination {
        let stats = try await connection.stats()
        var examination = TargetExamination(
            address: address,
            node: JournaledNode(runID: MemcachedSurvey.runID(stats), replicationID: nil),
            isReplica: false,
            isLoading: false,
            keyspace: Self.keyspace(stats.itemCount ?? 0)
        )
        var verification = RestoreVerification()
        let reader = ItemSampleReader(
            connection: connection,
            readsValues: false,
            clock: clock,
            scope: ValueFingerprinter.Scope()
        )
        try await reader.read(sample, into: &verification)
        examination.soughtCount = verification.sampledKeyCount - verification.dueKeyCount
        examination.missingCount = verification.missingKeyCount
        return examination
    }

    // MARK: Writing

    /// `flush_all` ends what was stored up to the last second: what came in this one it may leave (is_flushed,
    /// memcached:items.c), so that it is said again in the next.
    func flush(_ plan: RestorePlan) async throws(TransportError) {
        try await flushOnce()
        try await waitForNextSecond()
        try await flushOnce()
        // Without CAS values (`-C`) what is stored in the second of the command counts as flushed (tried with 1.6.18).
        try await waitForNextSecond()
        // What is flushed takes room until it is met: an evicting server would throw new items away beside it.
        _ = try await reclaim()
    }

    private func waitForNextSecond() async throws(TransportError) {
        let start = try await connection.stats().time ?? 0
        while let time = try await connection.stats().time, time <= start { try await pause() }
    }

    private func flushOnce() async throws(TransportError) {
        let answer = try await connection.line("flush_all")
        guard answer != "OK" else { return }
        let error = MetaError(line: answer) ?? MetaError(kind: .server, text: "no answer that belongs to it")
        throw TransportError(error, command: "flush_all", address: address)
    }

    /// It has none.
    func remove(_ standing: StandingKeys) async {}

    func beginImport(_ plan: RestorePlan) async throws(TransportError) -> ImportMode { ImportMode() }

    func openLane(
        _ target: ConnectionOptions,
        _ manner: RestoreLane.Manner
    ) async throws(TransportError) -> any WritingLane {
        let lane = try await MemcachedConnection.connect(target)
        let settings = try? await connection.stats("settings")
        return ItemLane(lane, manner, evicts: settings?.evicts ?? true)
    }

    func makeWriter(_ job: RestoreJob, clock: TargetClock) -> any RecordWriter {
        let dialect = job.plan.itemDialect ?? ItemDialect(ItemStoreFacts(), job.plan.options)
        return ItemWriter(ItemPump(job, dialect), isSalvage: job.plan.options.salvage)
    }

    // MARK: How it bears that

    func replicaBufferLimit() async throws(TransportError) -> UInt64? { nil }
    func replicaBufferByteCount() async throws(TransportError) -> UInt64? { nil }

    func ping() async throws(TransportError) {
        _ = try await connection.line("mn")
    }

    // MARK: Afterwards

    func evictedKeyCount() async throws(TransportError) -> UInt64 { try await connection.stats().evictionCount ?? 0 }

    func counts() async throws(TransportError) -> StoreCounts {
        let stats = try await connection.stats()
        return StoreCounts(
            keyspace: Self.keyspace(stats.itemCount ?? 0),
            countsDeadlines: false,
            evictedKeyCount: stats.evictionCount
        )
    }

    private static func keyspace(_ count: UInt64) -> [UInt32: NodeInfo.KeyspaceEntry] {
        count > 0 ? [0: NodeInfo.KeyspaceEntry(keyCount: count, expiringKeyCount: 0)] : [:]
    }

    /// Lets the crawler take away what has expired or was flushed, which the server counts until it is met.
    func reclaim() async throws(TransportError) -> Bool {
        guard try await connection.line("lru_crawler crawl all") == "OK" else { return false }
        let end = ContinuousClock.now.advanced(by: Self.reclaimPatience)
        while try await connection.stats().isCrawlerRunning, ContinuousClock.now < end { try await pause() }
        return true
    }

    private func pause() async throws(TransportError) {
        do {
            try await Task.sleep(for: Self.pollInterval)
        } catch {
            throw TransportError(.cancelled, "\(address): cancelled")
        }
    }

    func readBack(
        _ sample: RestoreSample,
        _ plan: RestorePlan,
        clock: TargetClock,
        into verification: inout RestoreVerification
    ) async throws(TransportError) {
        let reader = ItemSampleReader(connection: connection, readsValues: true, clock: clock, scope: sample.scope)
        try await reader.read(sample.entries, into: &verification)
    }

    func close() async { await connection.close() }
}
