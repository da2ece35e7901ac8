import RESP
import SnapshotModel
import Transport

/// A Redis or Valkey node as the target of a restore.
struct RedisStore: TargetStore {
    let connection: NodeConnection

    var address: String { connection.address }

    func survey(_ manifest: Manifest, _ options: RestoreOptions) async throws(TransportError) -> TargetFacts {
        var facts = try await TargetSurvey.survey(
            connection,
            databases: RestorePlan.mappings(manifest, options).map(\.destination),
            rdbVersion: RestorePlan.stampedVersion(manifest.format),
            method: options.method
        )
        facts.leftovers = try await LeftoverSearch.find(connection, facts, options)
        return facts
    }

    func clock() async throws(TransportError) -> TargetClock? { try await TargetSurvey.clock(connection) }

    func examine(
        _ sample: [RestoreSample.Entry],
        clock: TargetClock
    ) async throws(TransportError) -> TargetExamination {
        try await TargetExamination.examine(connection, sample: sample, clock: clock)
    }

    func flush(_ plan: RestorePlan) async throws(TransportError) {
        try await connection.flush(plan, functions: RecordFilter.wantsFunctions(plan.options))
    }

    func remove(_ standing: StandingKeys) async {
        _ = await standing.remove(over: connection)
    }

    func beginImport(_ plan: RestorePlan) async throws(TransportError) -> ImportMode {
        try await ImportMode.begin(connection, plan)
    }

    func openLane(
        _ target: ConnectionOptions,
        _ manner: RestoreLane.Manner
    ) async throws(TransportError) -> any WritingLane {
        try await RestoreLane(NodeConnection.connect(target), manner)
    }

    func makeWriter(_ job: RestoreJob, clock: TargetClock) -> any RecordWriter {
        CommandRecordWriter(job, control: connection, clock: clock)
    }

    func replicaBufferLimit() async throws(TransportError) -> UInt64? {
        let setting = try await connection.reply(to: ["CONFIG", "GET", "client-output-buffer-limit"])
        return TargetPulse.replicaBufferLimit(setting.elements?.last?.text)
    }

    func replicaBufferByteCount() async throws(TransportError) -> UInt64? {
        let list = try await connection.reply(to: ["CLIENT", "LIST", "TYPE", "REPLICA"])
        return list.text.flatMap(TargetPulse.largestOutputBuffer)
    }

    func ping() async throws(TransportError) {
        // An error is an answer, too: how long it takes is what counts.
        _ = try await connection.reply(to: ["PING"])
    }

    func evictedKeyCount() async throws(TransportError) -> UInt64 { try await connection.evictedKeyCount() }

    func counts() async throws(TransportError) -> StoreCounts {
        // One INFO tells both, so that they belong together.
        let node = try await connection.probe()
        return StoreCounts(keyspace: node.keyspace, evictedKeyCount: node.evictedKeyCount)
    }

    func reclaim() async throws(TransportError) -> Bool { false }

    func readBack(
        _ sample: RestoreSample,
        _ plan: RestorePlan,
        clock: TargetClock,
        into verification: inout RestoreVerification
    ) async throws(TransportError) {
        let isUntouched = try await connection.reply(to: ["CLIENT", "NO-TOUCH", "ON"]).isOK
        let reader = SampleReader(
            connection: connection,
            engine: plan.target.engine,
            knowsExpireTime: plan.target.knowsExpireTime,
            readsValues: isUntouched || plan.dialect.accessUse == .none,
            clock: clock,
            scope: sample.scope
        )
        try await reader.read(sample.entries, into: &verification)
    }

    func close() async { await connection.close() }
}
