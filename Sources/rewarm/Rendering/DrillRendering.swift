import Catalog
import SnapshotModel

/// Drills that are on record, as lines and as JSON.
enum DrillRendering {
    /// One line for what it came to, one for its figures, one for each kind of difference.
    static func lines(_ drill: SnapshotStanding.Drill) -> [String] {
        let record = drill.record
        let reason = record.reason.map { ": " + $0 } ?? ""
        return ["\(drill.statedAt)  \(words(record.result))\(reason)", "  " + figures(record)]
            + differences(record).map { "  \($0.name): \(Figures.count($0.count))" }
    }

    /// One line of the trend.
    static func line(_ drill: DrillOnRecord) -> String {
        let record = drill.record
        let recovery = record.rtoMilliseconds.map { ", recovered in \(duration($0))" } ?? ""
        return "\(drill.statedAt)  \(words(record.result))\(recovery), data \(duration(record.rpoMilliseconds)) old, "
            + "snapshot \(drill.snapshot)"
    }

    private static func figures(_ record: DrillRecord) -> String {
        var parts = [record.engine.rawValue + (record.serverVersion.map { " " + $0 } ?? "")]
        if let recovery = record.rtoMilliseconds { parts.append("recovered in \(duration(recovery))") }
        if let recovery = record.hotRTOMilliseconds {
            parts.append("80 % of the recent accesses in \(duration(recovery))")
        }
        parts.append("data \(duration(record.rpoMilliseconds)) old")
        parts.append(Figures.counted(record.restoredKeyCount, "key") + " restored")
        let sample = record.sampleSeed.map { " (a sample, seed \($0))" } ?? ""
        parts.append(Figures.count(record.comparedKeyCount) + " compared" + sample)
        if let error = record.largestDeadlineErrorMilliseconds { parts.append("deadlines off by at most \(error) ms") }
        return parts.joined(separator: ", ")
    }

    /// `pass`, `difference`, `objective missed`, `inconclusive`.
    static func words(_ result: DrillRecord.Result) -> String {
        switch result {
        case .pass, .difference, .inconclusive: result.rawValue
        case .objectiveMissed: "objective missed"
        }
    }

    static func json(_ drill: SnapshotStanding.Drill) -> JSONObject {
        var object: JSONObject = ["fact": .string(drill.id), "statedBy": .string(drill.statedBy)]
        object.add(SnapshotRendering.instant("statedAt", drill.statedAt))
        object.add(json(drill.record))
        return object
    }

    /// Only what a trend is drawn from; the report of a drill has the rest.
    static func json(_ drill: DrillOnRecord) -> JSONObject {
        var object: JSONObject = ["snapshot": .string(drill.snapshot.text)]
        object.add(SnapshotRendering.instant("statedAt", drill.statedAt))
        object.add("result", .string(drill.record.result.rawValue))
        object.add("rtoMilliseconds", optional(drill.record.rtoMilliseconds))
        object.add("hotRTOMilliseconds", optional(drill.record.hotRTOMilliseconds))
        object.add("rpoMilliseconds", .integer(drill.record.rpoMilliseconds))
        return object
    }

    static func json(_ record: DrillRecord) -> JSONObject {
        var object: JSONObject = [
            "result": .string(record.result.rawValue),
            "reason": .optional(record.reason),
            "engine": .string(record.engine.rawValue),
            "serverVersion": .optional(record.serverVersion),
        ]
        object.add(SnapshotRendering.instant("startedAt", record.startedAt))
        object.add(SnapshotRendering.instant("endedAt", record.endedAt))
        object.add("phases", .array(phases(record)))
        object.add("rtoMilliseconds", optional(record.rtoMilliseconds))
        object.add("hotRTOMilliseconds", optional(record.hotRTOMilliseconds))
        object.add("rpoMilliseconds", .integer(record.rpoMilliseconds))
        object.add("restoredKeyCount", .unsigned(record.restoredKeyCount))
        object.add("comparedKeyCount", .unsigned(record.comparedKeyCount))
        object.add("sampleSeed", record.sampleSeed.map { .unsigned($0) } ?? .null)
        object.add("differenceCount", .unsigned(record.differenceCount))
        object.add(
            "differences",
            .array(
                differences(record).map { .object(["kind": .string($0.name), "count": .unsigned($0.count)]) }
            )
        )
        object.add("largestDeadlineErrorMilliseconds", optional(record.largestDeadlineErrorMilliseconds))
        object.add("p99DeadlineErrorMilliseconds", optional(record.p99DeadlineErrorMilliseconds))
        object.add("keysPerSecond", record.keysPerSecond.map { .number($0) } ?? .null)
        object.add("bytesPerSecond", record.bytesPerSecond.map { .number($0) } ?? .null)
        object.add("sentinel", .optional(record.sentinel?.rawValue))
        object.add("objectives", .object(objectives(record.objectives)))
        object.add("reportDigest", .optional(record.reportDigest))
        return object
    }

    private static func objectives(_ objectives: DrillRecord.Objectives?) -> JSONObject {
        [
            "maximumRecoveryMilliseconds": optional(objectives?.maximumRecoveryMilliseconds),
            "maximumDataAgeMilliseconds": optional(objectives?.maximumDataAgeMilliseconds),
            "deadlineToleranceMilliseconds": optional(objectives?.deadlineToleranceMilliseconds),
        ]
    }

    /// In the order of a drill; phases that this program does not know come last.
    private static func phases(_ record: DrillRecord) -> [JSONValue] {
        let unknown = record.phases.keys.filter { !DrillPhase.known.contains($0) }.sorted { $0.rawValue < $1.rawValue }
        return (DrillPhase.known + unknown).compactMap { phase in
            record.phases[phase].map { .object(["name": .string(phase.rawValue), "milliseconds": .integer($0)]) }
        }
    }

    /// The worst first; kinds that this program does not know come last.
    private static func differences(_ record: DrillRecord) -> [(name: String, count: UInt64)] {
        let unknown = record.differences.keys.filter { !DrillDifferenceKind.known.contains($0) }
            .sorted { $0.rawValue < $1.rawValue }
        return (DrillDifferenceKind.known + unknown).compactMap { kind in
            record.differences[kind].map { (kind.rawValue, $0) }
        }
    }

    private static func optional(_ value: Int64?) -> JSONValue { value.map { .integer($0) } ?? .null }

    private static func duration(_ milliseconds: Int64) -> String { Figures.duration(milliseconds: milliseconds) }
}
