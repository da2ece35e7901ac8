import Foundation
import NIOCore
import Restore
import SnapshotModel

/// The JSON report of a drill: everything that its page shows, for programs.
///
/// Names of keys are in it, as in the page, so both are readable by their owner alone.
struct DrillReport: Encodable {
    /// Grows only if a field changes its meaning; fields are only ever added.
    static let currentSchema = 1

    let schema = currentSchema
    let toolVersion = ToolVersion.current
    let policy: String?
    let snapshot: Snapshot
    /// Where it was restored.
    let place: String
    /// Without the digest of this report.
    let record: DrillRecord
    let advice: String?
    /// Where every key of the snapshot went in the restore, by class; nil if there was none.
    let restoredClasses: [String: UInt64]?
    let recovery: [DrillOutcome.RecoveryPoint]
    let capturedLifetimes: LifetimeHistogram
    let restoredLifetimes: LifetimeHistogram?
    let deadlineErrors: [DeadlineErrors]
    let restoredTypes: [String: UInt64]
    let restoredDatabases: [String: UInt64]
    let differences: [Difference]
    let notCompared: [String]
    let warnings: [String]

    struct Snapshot: Encodable {
        let id: String
        let sourceName: String
        let instant: UnixMilliseconds
        let engine: String
        let rdbVersion: Int
        let keyCount: UInt64
        let storedByteCount: UInt64
        let rawByteCount: UInt64
    }

    struct DeadlineErrors: Encodable {
        /// nil for more than all others.
        let upToMilliseconds: Int64?
        let keyCount: UInt64
    }

    struct Difference: Encodable {
        let kind: DrillDifferenceKind
        let database: UInt32
        /// As text if it is UTF-8, else in Base64 alone.
        let key: String?
        let keyBase64: String
        let type: String
        let detail: String
    }

    init(_ outcome: DrillOutcome) {
        let manifest = outcome.manifest
        policy = outcome.policy
        snapshot = Snapshot(
            id: manifest.id.text,
            sourceName: manifest.source.name,
            instant: manifest.instant,
            engine: manifest.format.engine.rawValue,
            rdbVersion: manifest.format.rdbVersion,
            keyCount: manifest.keyCount,
            storedByteCount: manifest.storedByteCount,
            rawByteCount: manifest.rawByteCount
        )
        place = outcome.place
        var record = outcome.record
        record.reportDigest = nil
        self.record = record
        advice = outcome.advice
        restoredClasses = outcome.accounting.map { accounting in
            Dictionary(uniqueKeysWithValues: accounting.counts.map { ($0.key.rawValue, $0.value) })
        }
        recovery = outcome.recovery
        capturedLifetimes = manifest.statistics.lifetimes
        restoredLifetimes = outcome.findings?.lifetimes
        deadlineErrors = zip(DrillFindings.errorBounds, outcome.findings?.deadlineErrorCounts ?? []).map {
            DeadlineErrors(upToMilliseconds: $0 == .max ? nil : $0, keyCount: $1)
        }
        restoredTypes = outcome.findings?.types ?? [:]
        restoredDatabases = Dictionary(
            uniqueKeysWithValues: (outcome.findings?.databases ?? [:]).map { (String($0.key), $0.value) }
        )
        differences = (outcome.findings?.differences ?? []).map { difference in
            Difference(
                kind: difference.kind,
                database: difference.database,
                key: String(validating: difference.key, as: UTF8.self),
                keyBase64: Data(difference.key).base64EncodedString(),
                type: difference.typeName,
                detail: difference.detail
            )
        }
        notCompared = outcome.findings?.notCompared ?? []
        warnings = outcome.warnings
    }

    /// Sorted keys, a line feed at the end.
    func encoded() throws -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        var bytes = ByteBuffer(bytes: try encoder.encode(self))
        bytes.writeString("\n")
        return bytes
    }
}
