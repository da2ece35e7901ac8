import Reporting
import SnapshotModel
import TestSupport

/// A drill as it could have been: the same for the same seed.
struct SampleDrill {
    static let end = UnixMilliseconds(1_763_708_700_000)
    private static let day: Int64 = 86_400_000

    var result: DrillRecord.Result = .pass
    var seed: UInt64 = 5

    var content: DrillPage.Content {
        var generator = SeededGenerator(seed: seed)
        let manifest = Self.manifest(daysAgo: 0, &generator)
        let record = Self.record(result, at: Self.end, &generator)
        var content = DrillPage.Content(
            record: record,
            policy: "web",
            snapshot: .init(manifest),
            generatedAt: Self.end,
            toolVersion: "0.5.0"
        )
        content.zone = ReportZone(
            name: "Europe/Rome",
            changes: [
                .init(from: UnixMilliseconds(0), offsetSeconds: 7200),
                .init(from: UnixMilliseconds(1_761_440_400_000), offsetSeconds: 3600),
            ]
        )
        content.trend = (0..<24).reversed().map { week in
            let at = Self.end.advanced(byMilliseconds: -7 * Self.day * Int64(week))
            let other: DrillRecord.Result = week == 15 ? .difference : week == 7 ? .objectiveMissed : .pass
            let record = week == 0 ? record : Self.record(other, at: at, &generator)
            return DrillPage.TrendPoint(snapshot: SnapshotID(instant: at, random: 7), at: at, record: record)
        }
        content.sizes = (0..<40).map { day in
            let manifest = Self.manifest(daysAgo: Int64(day), &generator)
            return DrillPage.SizePoint(
                id: manifest.id,
                instant: manifest.instant,
                storedByteCount: manifest.storedByteCount,
                rawByteCount: manifest.rawByteCount,
                keyCount: manifest.keyCount
            )
        }
        guard result != .inconclusive else { return content }
        restored(&content, manifest)
        if result == .difference { content.differences = Self.differences }
        content.notCompared = [
            "Access data was not compared: the node's maxmemory-policy keeps none.",
            "ACL users, CONFIG and the script cache are never in a snapshot.",
        ]
        return content
    }

    private func restored(_ content: inout DrillPage.Content, _ manifest: Manifest) {
        let statistics = manifest.statistics
        let recovery = Double(content.record.rtoMilliseconds ?? 1)
        content.recovery = (0...80).map { step in
            let time = Double(step) / 80
            let share = max(0, (time - 0.06) / 0.94)
            return DrillPage.RecoveryPoint(
                milliseconds: Int64(time * recovery),
                keyShare: share,
                accessShare: 1 - (1 - share) * (1 - share) * (1 - share)
            )
        }
        content.restoredLifetimes = statistics.lifetimes
        content.restoredTypes = statistics.types.mapValues(\.keyCount)
        content.restoredDatabases = statistics.databases.mapValues(\.keyCount)
        if result == .difference { content.restoredTypes["string", default: 2] -= 2 }
        content.deadlineErrors = [(0, 912_004), (1, 107_223), (2, 791), (5, 12)].map {
            DrillPage.DeadlineErrors(upToMilliseconds: $0.0, keyCount: $0.1)
        }
    }

    static func record(
        _ result: DrillRecord.Result,
        at time: UnixMilliseconds,
        _ generator: inout SeededGenerator
    ) -> DrillRecord {
        let recovery = Int64.random(in: 36_000...52_000, using: &generator)
        let slow: Int64 = result == .objectiveMissed ? 41_000 : 0
        var record = DrillRecord(
            result,
            engine: .redis,
            serverVersion: result == .inconclusive ? nil : "8.0.6",
            startedAt: time.advanced(byMilliseconds: -95_000),
            endedAt: time,
            rpoMilliseconds: Int64.random(in: 3_600_000...22_000_000, using: &generator)
        )
        record.objectives = .init(
            maximumRecoveryMilliseconds: 60_000,
            maximumDataAgeMilliseconds: 26 * 3_600_000,
            deadlineToleranceMilliseconds: 5
        )
        switch result {
        case .pass: break
        case .difference: record.reason = "two keys are missing and one value has changed"
        case .objectiveMissed: record.reason = "recovery took longer than the policy's max-rto"
        case .inconclusive: record.reason = "no redis-server was found; install one or name it with --server"
        }
        guard result != .inconclusive else { return record }
        record.rtoMilliseconds = recovery + slow
        record.hotRTOMilliseconds = (recovery + slow) * 46 / 100
        record.phases = [
            .locate: 140, .start: 310, .read: 8200, .decode: 17_400, .load: recovery + slow - 450, .compare: 39_800,
        ]
        record.restoredKeyCount = 1_500_432
        record.comparedKeyCount = 1_500_432
        record.keysPerSecond = 1_500_432 * 1000 / Double(recovery + slow)
        record.bytesPerSecond = 478_000_000 * 1000 / Double(recovery + slow)
        record.largestDeadlineErrorMilliseconds = 4
        record.p99DeadlineErrorMilliseconds = 1
        record.sentinel = .archiveAndNode
        record.reportDigest = String(repeating: "0123456789abcdef", count: 4)
        if result == .difference { record.differences = [.missing: 2, .value: 1, .deadline: 61] }
        return record
    }

    private static let differences: [DrillPage.Difference] =
        [
            .init(kind: .missing, database: 0, key: Array("session:81723".utf8), type: "string", detail: "not there"),
            .init(
                kind: .missing,
                database: 0,
                key: Array("<script>alert('x')</script>".utf8),
                type: "hash",
                detail: "not there"
            ),
            .init(
                kind: .value,
                database: 2,
                key: [0x00, 0xFF, 0x22, 0x26, 0x3C],
                type: "zset",
                detail: "digest 7f01… against 7f02…, 31 members on both sides"
            ),
        ]
        + (0..<50).map { index in
            .init(
                kind: .deadline,
                database: 0,
                key: Array("basket:\(1000 + index)".utf8),
                type: "string",
                detail: "60,000 ms later than captured"
            )
        }

    static var emptyManifest: Manifest {
        var generator = SeededGenerator(seed: 1)
        return manifest(daysAgo: 0, &generator)
    }

    static func manifest(daysAgo day: Int64, _ generator: inout SeededGenerator) -> Manifest {
        let instant = end.advanced(byMilliseconds: -day * Self.day - 12_000_000)
        let growth = 1 - Double(day) * 0.006 + Double.random(in: -0.01...0.01, using: &generator)
        let raw = UInt64(531_000_000 * growth)
        let stored = UInt64(Double(raw) * Double.random(in: 0.468...0.492, using: &generator))
        var statistics = SnapshotStatistics()
        statistics.databases = [
            0: .init(keyCount: 1_402_120, expiringKeyCount: 980_022),
            2: .init(keyCount: 98_312, expiringKeyCount: 40_008),
        ]
        statistics.types = [
            "string": .init(keyCount: 900_259, bodyByteCount: 201_000_000),
            "hash": .init(keyCount: 300_086, bodyByteCount: 131_000_000),
            "list": .init(keyCount: 120_034, bodyByteCount: 60_200_000),
            "set": .init(keyCount: 90_026, bodyByteCount: 41_100_000),
            "zset": .init(keyCount: 75_021, bodyByteCount: 51_700_000),
            "stream": .init(keyCount: 15_006, bodyByteCount: 46_000_000),
        ]
        let lives: [Int64] = [500, 30_000, 300_000, 2_000_000, 10_000_000, 50_000_000, 300_000_000, 1_000_000_000]
        let counts: [UInt64] = [210, 9_412, 61_250, 224_040, 318_000, 251_118, 120_000, 36_000]
        for (life, count) in zip(lives, counts) {
            statistics.lifetimes.add(.at(instant.advanced(byMilliseconds: life)), at: instant, count: count)
        }
        statistics.lifetimes.add(.never, at: instant, count: 480_402)
        return Manifest(
            id: SnapshotID(instant: instant, random: UInt32(day) + 0x4F9C2A),
            sequence: UInt64(1000 - day),
            source: SourceDescriptor(
                name: "web-cache",
                engine: .redis,
                serverVersion: "7.2.6",
                address: "cache-1:6379"
            ),
            method: .replication,
            instant: instant,
            consistency: Consistency(isPointInTime: true, from: instant, to: instant),
            clocks: nil,
            startedAt: instant,
            finishedAt: instant.advanced(byMilliseconds: 9000),
            policy: "web",
            tags: [:],
            format: PayloadFormat(engine: .redis, rdbVersion: 11),
            codec: "zlib:1",
            parts: [
                PartDescriptor(
                    number: 0,
                    storedByteCount: stored,
                    rawByteCount: raw,
                    recordCount: 1_500_432,
                    blockCount: 507,
                    sha256: String(repeating: "0", count: 64)
                )
            ],
            shards: [ShardDescriptor()],
            statistics: statistics,
            warnings: [],
            toolVersion: "0.5.0"
        )
    }
}
