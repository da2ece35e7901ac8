import SnapshotModel
import Testing

@testable import Operations

/// What a run of a policy comes to.
struct PolicyRunTests {
    private static func run(_ snapshot: Result<SnapshotReport, OperationError>?) -> PolicyRun {
        var run = PolicyRun(policy: "p", sourceName: "s", startedAt: UnixMilliseconds(0))
        run.snapshot = snapshot
        return run
    }

    private static func report(suspicion: String? = nil) -> SnapshotReport {
        let instant = UnixMilliseconds(0)
        let manifest = Manifest(
            id: SnapshotID(instant: instant, random: 1),
            sequence: 1,
            source: SourceDescriptor(name: "s", engine: .redis, serverVersion: "", address: ""),
            method: .file,
            instant: instant,
            consistency: Consistency(isPointInTime: true, from: instant, to: instant),
            clocks: nil,
            startedAt: instant,
            finishedAt: instant,
            policy: "p",
            tags: [:],
            format: PayloadFormat(engine: .redis, rdbVersion: 10),
            codec: "none",
            parts: [],
            shards: [],
            statistics: SnapshotStatistics(),
            warnings: [],
            toolVersion: "test"
        )
        return SnapshotReport(
            manifest: manifest,
            captureMilliseconds: 0,
            durationMilliseconds: 0,
            sourceWaitMilliseconds: 0,
            hurriedBlockCount: 0,
            suspicion: suspicion
        )
    }

    @Test func `a run that has not come to a snapshot has neither failed nor succeeded`() {
        #expect(Self.run(nil).failure == nil && !Self.run(nil).isGood)
    }

    @Test func `a snapshot that failed is the failure`() {
        let run = Self.run(.failure(OperationError(.unreachable, "nobody answers")))
        #expect(run.failure?.kind == .unreachable && !run.isGood)
    }

    @Test func `a suspicious snapshot is no good one`() {
        let run = Self.run(.success(Self.report(suspicion: "too small")))
        #expect(run.failure?.kind == .guarded && !run.isGood)
        #expect(run.failure?.message.hasSuffix("nothing expires: too small") == true)
    }

    @Test func `whatever becomes of retention, a good snapshot stays one`() {
        var run = Self.run(.success(Self.report()))
        #expect(run.isGood && run.failure == nil)
        run.expiry = .failed(OperationError(.denied, "no permission", hint: "chmod"))
        #expect(run.isGood && run.failure?.kind == .partial && run.failure?.hint == "chmod")
        run.expiry = .failed(OperationError(.brake, "nothing was deleted"))
        #expect(run.isGood && run.failure?.kind == .brake)
        #expect(run.failure?.message == "snapshot 19700101T000000Z-000001 is good, but nothing was deleted")
    }
}
