import Catalog
import Operations
import SnapshotModel

/// One snapshot in full, for programs.
struct DetailsJSON {
    private let details: SnapshotDetails
    private let now: UnixMilliseconds

    init(_ details: SnapshotDetails, now: UnixMilliseconds) {
        self.details = details
        self.now = now
    }

    private var manifest: Manifest { details.manifest }

    var object: JSONObject {
        var object = SnapshotRendering.json(details.entry, now: now)
        object.add("source", .object(source))
        object.add("payloadEngine", .string(manifest.format.engine.rawValue))
        object.add("rdbVersion", .count(manifest.format.rdbVersion))
        object.add("toolVersion", .string(manifest.toolVersion))
        object.add("consistency", .object(consistency))
        object.add(
            "ratio",
            SnapshotRendering.ratio(stored: manifest.storedByteCount, raw: manifest.rawByteCount)
                .map { .number($0) } ?? .null
        )
        object.add("databases", .array(databases))
        object.add("types", .array(types))
        object.add("slabClasses", slabClasses)
        object.add("lifetimes", .array(lifetimes))
        object.add(extremes)
        let tiers = manifest.statistics.accessTiers
        object.add("accessTiers", tiers.map { .object(AccessTierRendering.json($0)) } ?? .null)
        object.add("parts", .array(parts))
        object.add("coversWholeSource", .bool(manifest.coversWholeSource))
        object.add("shards", .array(shards))
        object.add("sentinel", manifest.sentinel.map { .object(SentinelRendering.json($0)) } ?? .null)
        object.add("standing", .object(standing))
        object.add("drillTrend", .array(details.trend.map { .object(DrillRendering.json($0)) }))
        object.add("warnings", .array(manifest.warnings.map { .string($0) }))
        object.add("neverContained", .array(EngineGaps.of(manifest.source.engine).map { .string($0) }))
        return object
    }

    private var source: JSONObject {
        [
            "name": .string(manifest.source.name),
            "engine": .string(manifest.source.engine.rawValue),
            "serverVersion": .string(manifest.source.serverVersion),
            "address": .string(manifest.source.address),
            "runID": .optional(manifest.source.runID),
        ]
    }

    private var shards: [JSONValue] {
        manifest.shards.map { shard in
            var object: JSONObject = [
                "slotRanges": .array(
                    shard.slotRanges.map { range in .array(range.map { .count(Int($0)) }) }
                )
            ]
            object.add("clusterShardCount", shard.clusterShardCount.map { .count($0) } ?? .null)
            object.add("replicationID", .optional(shard.replicationID))
            object.add("replicationOffset", shard.replicationOffset.map { .integer($0) } ?? .null)
            return .object(object)
        }
    }

    private var consistency: JSONObject {
        let label = manifest.consistency
        var object: JSONObject = ["isPointInTime": .bool(label.isPointInTime)]
        object.add(SnapshotRendering.instant("from", label.from))
        object.add(SnapshotRendering.instant("to", label.to))
        object.add("replicationID", .optional(label.replicationID))
        object.add("replicationOffset", label.replicationOffset.map { .integer($0) } ?? .null)
        object.add("vanishedKeyCount", .unsigned(label.vanishedKeyCount))
        object.add("duplicateKeyCount", .unsigned(label.duplicateKeyCount))
        object.add("rereadKeyCount", .unsigned(label.rereadKeyCount))
        object.add("disturbedAccessData", .bool(label.disturbedAccessData))
        object.add(ConsistencyText.crawlCounts(label))
        if let clocks = manifest.clocks {
            object.add("clockDifferenceMilliseconds", .integer(clocks.differenceMilliseconds))
            object.add("clockUncertaintyMilliseconds", .integer(clocks.uncertaintyMilliseconds))
        }
        object.add("sentences", .array(ConsistencyText.sentences(manifest).map { .string($0) }))
        return object
    }

    private var databases: [JSONValue] {
        manifest.statistics.databases.sorted { $0.key < $1.key }.map { number, counts in
            .object([
                "database": .count(number),
                "keyCount": .unsigned(counts.keyCount),
                "expiringKeyCount": .unsigned(counts.expiringKeyCount),
            ])
        }
    }

    private var types: [JSONValue] {
        manifest.statistics.types.sorted { $0.key < $1.key }.map { name, counts in
            .object([
                "name": .string(name),
                "keyCount": .unsigned(counts.keyCount),
                "bodyByteCount": .unsigned(counts.bodyByteCount),
            ])
        }
    }

    /// null of any engine but Memcached.
    private var slabClasses: JSONValue {
        guard let classes = manifest.statistics.slabClasses else { return .null }
        return .array(
            classes.sorted { $0.key < $1.key }.map { number, counts in
                .object([
                    "slabClass": .count(number),
                    "keyCount": .unsigned(counts.keyCount),
                    "bodyByteCount": .unsigned(counts.bodyByteCount),
                ])
            }
        )
    }

    private var lifetimes: [JSONValue] {
        let histogram = manifest.statistics.lifetimes
        var values: [JSONValue] = zip(LifetimeHistogram.buckets, histogram.counts).map { bucket, count in
            let bound: JSONValue =
                bucket.upToMilliseconds == .max ? .null : .integer(bucket.upToMilliseconds)
            return .object(["name": .string(bucket.name), "upToMilliseconds": bound, "keyCount": .unsigned(count)])
        }
        values.append(
            .object(["name": .string("never"), "upToMilliseconds": .null, "keyCount": .unsigned(histogram.neverCount)])
        )
        return values
    }

    private var extremes: JSONObject {
        let statistics = manifest.statistics
        return [
            "largestBodyByteCount": .unsigned(statistics.largestBodyByteCount),
            "largestKeyByteCount": .unsigned(statistics.largestKeyByteCount),
            "functionLibraryCount": .unsigned(statistics.functionLibraryCount),
            "moduleAuxiliaryCount": .unsigned(statistics.moduleAuxiliaryCount),
            "idleKeyCount": .unsigned(statistics.idleKeyCount),
            "frequencyKeyCount": .unsigned(statistics.frequencyKeyCount),
        ]
    }

    private var parts: [JSONValue] {
        manifest.parts.map { part in
            .object([
                "number": .count(part.number),
                "storedByteCount": .unsigned(part.storedByteCount),
                "rawByteCount": .unsigned(part.rawByteCount),
                "recordCount": .unsigned(part.recordCount),
                "blockCount": .unsigned(part.blockCount),
                "sha256": .string(part.sha256),
            ])
        }
    }

    private var standing: JSONObject {
        let standing = details.standing
        var object: JSONObject = [:]
        if let deletedAt = standing.deletedAt { object.add(SnapshotRendering.instant("deletedAt", deletedAt)) }
        object.add("deletionReason", .optional(standing.deletionReason))
        if let verifiedAt = standing.verifiedAt { object.add(SnapshotRendering.instant("verifiedAt", verifiedAt)) }
        object.add("problem", .optional(standing.problem))
        object.add("suspicion", .optional(standing.suspicion))
        if let acceptedAt = standing.acceptedAt { object.add(SnapshotRendering.instant("acceptedAt", acceptedAt)) }
        object.add("unreadableFactCount", .count(standing.unreadableFactCount))
        object.add("drills", .array(standing.drills.map { .object(DrillRendering.json($0)) }))
        object.add("holds", .array(standing.holds.map { .object(HoldRendering.json($0, now: now)) }))
        return object
    }
}
