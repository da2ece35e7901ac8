import Catalog
import Comparison
import Reporting
import Retention
import SnapshotModel

extension DrillPage.Content {
    /// The page of a drill; `entries` are the snapshots of the repository, times are shown in `timeZone`.
    init(_ outcome: DrillOutcome, _ entries: [SnapshotEntry], _ timeZone: CivilZone) {
        let manifest = outcome.manifest
        self.init(
            record: outcome.record,
            policy: outcome.policy,
            snapshot: .init(manifest),
            generatedAt: outcome.record.endedAt,
            toolVersion: ToolVersion.current
        )
        recovery = outcome.recovery.map {
            .init(milliseconds: $0.milliseconds, keyShare: $0.keyShare, accessShare: $0.accessShare)
        }
        trend =
            outcome.earlier.map { .init(snapshot: $0.snapshot, at: $0.statedAt, record: $0.record) }
            + [.init(snapshot: manifest.id, at: outcome.record.endedAt, record: outcome.record)]
        sizes = entries.filter { $0.sourceName == manifest.source.name && $0.state.isLive }.map {
            .init(
                id: $0.id,
                instant: $0.instant,
                storedByteCount: $0.storedByteCount,
                rawByteCount: $0.rawByteCount,
                keyCount: $0.keyCount
            )
        }
        let told = trend.map(\.at) + sizes.map(\.instant) + [manifest.instant, outcome.record.startedAt]
        zone = ReportZone(timeZone, from: told.min() ?? generatedAt, to: told.max() ?? generatedAt)
        warnings = outcome.warnings
        guard let findings = outcome.findings else { return }
        notCompared = findings.notCompared
        deadlineErrors = zip(DrillFindings.errorBounds, findings.deadlineErrorCounts)
            .filter { $0.1 > 0 }.map { .init(upToMilliseconds: $0.0, keyCount: $0.1) }
        differences = findings.differences.map {
            .init(
                kind: $0.kind,
                database: Int($0.database),
                key: $0.key,
                type: $0.typeName,
                detail: $0.detail
            )
        }
        // Of a sample these are shares of what was restored, and would look like losses.
        guard outcome.record.sampleSeed == nil else { return }
        restoredLifetimes = findings.lifetimes
        restoredTypes = findings.types
        restoredDatabases = Dictionary(uniqueKeysWithValues: findings.databases.map { (Int($0.key), $0.value) })
    }
}
