import Operations
import Restore
import SnapshotModel

/// The plan of a restore for programs.
struct PlanJSON {
    private let plan: RestorePlan

    init(_ plan: RestorePlan) {
        self.plan = plan
    }

    var object: JSONObject {
        let estimate = plan.estimate
        var object: JSONObject = [
            "snapshot": .string(plan.snapshot.text),
            "keyCount": .unsigned(estimate.keyCount),
            "expiredKeyCount": .unsigned(estimate.expiredKeyCount),
            "mostExpiredKeyCount": .unsigned(estimate.mostExpiredKeyCount),
            "bodyByteCount": .unsigned(estimate.bodyByteCount),
            "leastMemoryByteCount": .unsigned(estimate.leastMemoryByteCount),
            "likelyMemoryByteCount": .unsigned(estimate.likelyMemoryByteCount),
            "largestValueByteCount": .unsigned(plan.largestValueByteCount),
            "functionLibraryCount": .unsigned(plan.contents.functionLibraryCount),
            "ttl": .string(plan.options.deadlineMode.rawValue),
            "ttlJitterPercent": .integer(Int64(plan.options.deadlineJitterPercent)),
            "existing": .string(plan.options.existing.rawValue),
            "flushTarget": .bool(plan.options.flushTarget),
            "method": .string(plan.options.method.rawValue),
            "connectionCount": .count(plan.connectionCount),
        ]
        object.add("databases", .array(plan.contents.databases.map { .object(json($0)) }))
        object.add("areDatabasesExact", .bool(plan.contents.areDatabasesExact))
        object.add("types", .array(plan.contents.types.map { .object(json($0)) }))
        object.add("areTypesExact", .bool(plan.contents.areTypesExact))
        object.add("unsupported", .array(plan.unsupported.entries.map { .object(json($0)) }))
        object.add("forecast", .object(forecast))
        object.add("target", .object(target))
        object.add("unknowns", .array(plan.unknowns.map { .string($0) }))
        object.add("findings", .array(plan.findings.map { .object(json($0)) }))
        return object
    }

    private func json(_ database: PlannedContents.Database) -> JSONObject {
        [
            "source": .integer(Int64(database.source)),
            "destination": .integer(Int64(database.destination)),
            "keyCount": .unsigned(database.keyCount),
            "expiringKeyCount": .unsigned(database.expiringKeyCount),
        ]
    }

    private func json(_ type: PlannedContents.ValueType) -> JSONObject {
        [
            "name": .string(type.name),
            "keyCount": .unsigned(type.keyCount),
            "bodyByteCount": .unsigned(type.bodyByteCount),
        ]
    }

    private func json(_ entry: UnsupportedCounts.Entry) -> JSONObject {
        [
            "name": .string(entry.name),
            "leastCount": .unsigned(entry.leastCount),
            "mostCount": .unsigned(entry.mostCount),
        ]
    }

    private func json(_ finding: PreflightFinding) -> JSONObject {
        [
            "kind": .string(finding.kind.rawValue),
            "isRefusal": .bool(finding.isRefusal),
            "message": .string(finding.message),
            "advice": .string(finding.advice),
        ]
    }

    private var forecast: JSONObject {
        let forecast = plan.forecast
        let milliseconds = forecast.durationMilliseconds.map { JSONValue.integer($0) } ?? .null
        return [
            "source": .string(forecast.source.rawValue),
            "durationMilliseconds": milliseconds,
            "measuredRecordCount": .unsigned(forecast.rate?.recordCount ?? 0),
            "measuredKeysPerSecond": forecast.rate.map { .number($0.keysPerSecond) } ?? .null,
            "measuredBytesPerSecond": forecast.rate.map { .number($0.bytesPerSecond) } ?? .null,
        ]
    }

    private var target: JSONObject {
        let target = plan.target
        return [
            "address": .string(target.address),
            "engine": .string(target.engine.rawValue),
            "version": .string(target.version),
            "role": .string(target.isReplica ? "replica" : "primary"),
            "isClusterNode": .bool(target.isClusterNode),
            "replicaCount": .count(target.connectedReplicaCount),
            "keyCount": .unsigned(target.usersKeyCount),
            "functionLibraryCount": target.functionLibraryCount.map { .count($0) } ?? .null,
            "usedMemoryByteCount": .unsigned(target.usedMemory),
            "maxmemoryByteCount": target.memoryLimit.map { .unsigned($0) } ?? .null,
            "evictionPolicy": .optional(target.evictionPolicy),
            "largestArgumentByteCount": .count(target.largestArgumentByteCount),
            "modules": target.moduleNames.map { .array($0.map { .string($0) }) } ?? .null,
            "clockDifferenceMilliseconds": .integer(target.clocks.differenceMilliseconds),
            "clockUncertaintyMilliseconds": .integer(target.clocks.uncertaintyMilliseconds),
        ]
    }
}
