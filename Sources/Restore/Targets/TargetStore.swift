import SnapshotModel
import Transport

/// What a restore asks of the store that it fills, over one connection, whichever protocol that speaks.
///
/// `RedisStore` and `MemcachedStore` are the two. Whatever else there is of a restore (plan, order, filters, deadlines,
/// pace, accounting, journal, check) knows no protocol and is the same for both.
protocol TargetStore: Sendable {
    /// `host:port` or a socket's path.
    var address: String { get }

    // MARK: Before the first write

    /// What `Preflight` judges of it; writes nothing.
    func survey(_ manifest: Manifest, _ options: RestoreOptions) async throws(TransportError) -> TargetFacts
    /// nil where it does not tell.
    func clock() async throws(TransportError) -> TargetClock?
    /// What it holds of an interrupted restore; writes nothing.
    func examine(
        _ sample: [RestoreSample.Entry],
        clock: TargetClock
    ) async throws(TransportError) -> TargetExamination

    // MARK: Writing

    /// Empties it, and waits until the memory is free.
    func flush(_ plan: RestorePlan) async throws(TransportError)
    /// Removes temporary keys, as far as it answers.
    func remove(_ standing: StandingKeys) async
    func beginImport(_ plan: RestorePlan) async throws(TransportError) -> ImportMode
    /// Another connection, which writes.
    func openLane(
        _ target: ConnectionOptions,
        _ manner: RestoreLane.Manner
    ) async throws(TransportError) -> any WritingLane
    /// What turns records into its commands, for one attempt.
    func makeWriter(_ job: RestoreJob, clock: TargetClock) -> any RecordWriter

    // MARK: How it bears that

    /// How much may wait for one of its replicas before it is held back, in bytes; nil where it has none.
    func replicaBufferLimit() async throws(TransportError) -> UInt64?
    /// What waits for the replica that is furthest behind, in bytes; nil without any.
    func replicaBufferByteCount() async throws(TransportError) -> UInt64?
    /// Asks for the shortest of answers.
    func ping() async throws(TransportError)

    // MARK: Afterwards

    /// Keys that it has thrown away for want of memory since it started; 0 where it does not tell.
    func evictedKeyCount() async throws(TransportError) -> UInt64
    func counts() async throws(TransportError) -> StoreCounts
    /// Lets go of what is dead and still counted; false if there is no such thing.
    func reclaim() async throws(TransportError) -> Bool
    /// Reads the sample back, and adds what it found to `verification`.
    func readBack(
        _ sample: RestoreSample,
        _ plan: RestorePlan,
        clock: TargetClock,
        into verification: inout RestoreVerification
    ) async throws(TransportError)

    func close() async
}

/// What a store says that it holds.
struct StoreCounts: Hashable, Sendable {
    /// By database.
    var keyspace: [UInt32: NodeInfo.KeyspaceEntry] = [:]
    /// Whether it counts keys with a deadline apart.
    var countsDeadlines = true
    /// Keys that it has thrown away for want of memory since it started; nil where it does not tell.
    var evictedKeyCount: UInt64?
}
