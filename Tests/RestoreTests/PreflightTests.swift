import Restore
import SnapshotModel
import Testing
import Transport

/// Preflight on facts that no server needs to be in.
@Suite struct PreflightTests {
    private static let instant = UnixMilliseconds(1_800_000_000_000)

    private static func manifest(
        format: PayloadFormat = PayloadFormat(engine: .redis, rdbVersion: 10),
        change: (inout SnapshotStatistics) -> Void = { _ in }
    ) -> Manifest {
        var statistics = SnapshotStatistics()
        statistics.databases = [0: .init(keyCount: 1000, expiringKeyCount: 500), 3: .init(keyCount: 1000)]
        statistics.types = ["string": .init(keyCount: 2000, bodyByteCount: 10_000_000)]
        statistics.lifetimes.add(.never, at: instant, count: 1500)
        statistics.lifetimes.add(.at(instant.advanced(byMilliseconds: 500)), at: instant, count: 500)
        change(&statistics)
        let consistency = Consistency(isPointInTime: true, from: instant, to: instant)
        return Manifest(
            id: SnapshotID(instant: instant, random: 1),
            sequence: 1,
            source: SourceDescriptor(name: "source", engine: format.engine, serverVersion: "7.0.15", address: "a:1"),
            method: .replication,
            instant: instant,
            consistency: consistency,
            clocks: ClockComparison(differenceMilliseconds: 0, uncertaintyMilliseconds: 1),
            startedAt: instant,
            finishedAt: instant,
            policy: nil,
            tags: [:],
            format: format,
            codec: "zlib:1",
            parts: [],
            shards: [],
            statistics: statistics,
            warnings: [],
            toolVersion: "test"
        )
    }

    private static func target(_ change: (inout TargetFacts) -> Void = { _ in }) -> TargetFacts {
        var facts = TargetFacts(address: "node:6379", engine: .redis, version: "7.0.15")
        facts.functionLibraryCount = 0
        facts.newestRDBVersion = 10
        change(&facts)
        return facts
    }

    private static func findings(
        _ target: TargetFacts,
        manifest: Manifest = manifest(),
        now: UnixMilliseconds = instant,
        _ change: (inout RestoreOptions) -> Void = { _ in }
    ) -> [PreflightFinding] {
        var options = RestoreOptions()
        change(&options)
        return RestorePlan(manifest: manifest, options: options, target: target, now: now).findings
    }

    private static func refusals(_ findings: [PreflightFinding]) -> [PreflightFinding.Kind] {
        findings.filter(\.isRefusal).map(\.kind)
    }

    @Test func `a target that is fit has no findings`() {
        #expect(Self.findings(Self.target()).isEmpty)
    }

    @Test func `each unsafe state of a target is refused for its own reason`() {
        let cases: [(PreflightFinding.Kind, (inout TargetFacts) -> Void)] = [
            (.notEmpty, { $0.keyspace = [4: .init(keyCount: 1, expiringKeyCount: 0)] }),
            (.replica, { $0.isReplica = true }),
            (.loading, { $0.isLoading = true }),
            (.clusterNode, { $0.isClusterNode = true }),
            (.olderRDBVersion, { $0.trialError = "ERR DUMP payload version or checksum are wrong" }),
            (.missingDatabase, { $0.missingDatabases = [3] }),
            (.noReplicas, { $0.trialError = "NOREPLICAS Not enough good replicas to write." }),
            (.misconfigured, { $0.trialError = "MISCONF Redis is configured to save RDB snapshots" }),
            (.outOfMemory, { $0.trialError = "OOM command not allowed" }),
            (.replica, { $0.trialError = "READONLY You can't write against a read only replica." }),
            (.trialRefused, { $0.trialError = "ERR unknown command 'RESTORE'" }),
            (.tooSmall, { $0.memoryLimit = 5_000_000 }),
            (
                .evicting,
                {
                    $0.memoryLimit = 10_100_000
                    $0.evictionPolicy = "allkeys-lru"
                }
            ),
        ]
        for (kind, change) in cases {
            let findings = Self.findings(Self.target(change))
            #expect(Self.refusals(findings) == [kind])
            for finding in findings { #expect(!finding.message.isEmpty && !finding.advice.isEmpty) }
        }
    }

    @Test func `a replica that answers READONLY is refused once`() {
        let target = Self.target {
            $0.isReplica = true
            $0.trialError = "READONLY You can't write against a read only replica."
        }
        #expect(Self.refusals(Self.findings(target)) == [.replica])
    }

    @Test func `keys of the target are no reason once the user has said what becomes of them`() {
        let target = Self.target { $0.keyspace = [0: .init(keyCount: 9, expiringKeyCount: 0)] }
        #expect(Self.findings(target) { $0.existing = .skip }.isEmpty)
        #expect(Self.findings(target) { $0.existing = .replace }.isEmpty)
        #expect(Self.findings(target) { $0.flushTarget = true }.isEmpty)
    }

    @Test func `functions of the target count like keys, if the snapshot has any`() {
        let target = Self.target { $0.functionLibraryCount = 2 }
        let withFunctions = Self.manifest { $0.functionLibraryCount = 1 }
        #expect(Self.findings(target).isEmpty)
        #expect(Self.refusals(Self.findings(target, manifest: withFunctions)) == [.functionsPresent])
        #expect(Self.findings(target, manifest: withFunctions) { $0.existing = .skip }.isEmpty)
        #expect(Self.findings(target, manifest: withFunctions) { $0.match = [GlobPattern("a*")] }.isEmpty)
        let old = Self.target { $0.functionLibraryCount = nil }
        #expect(Self.findings(old, manifest: withFunctions).map(\.kind) == [.noFunctions])
    }

    @Test func `a snapshot of Memcached is not refused, and it is said what becomes of its items`() {
        let manifest = Self.manifest(format: PayloadFormat(engine: .memcached, rdbVersion: 0))
        let findings = Self.findings(Self.target(), manifest: manifest)
        #expect(Self.refusals(findings) == [])
        #expect(findings.map(\.kind).contains(.itemsAsStrings))
    }

    @Test func `little room is a warning without eviction and after a filter whose size nobody knows`() {
        let tight = Self.target { $0.memoryLimit = 10_100_000 }
        #expect(Self.findings(tight).map(\.kind) == [.memoryTight])
        let evicting = Self.target {
            $0.memoryLimit = 10_100_000
            $0.evictionPolicy = "allkeys-lru"
        }
        let findings = Self.findings(evicting) { $0.match = [GlobPattern("a*")] }
        #expect(findings.map(\.kind) == [.evicting])
        #expect(Self.refusals(findings).isEmpty)
        // Half of the keys need half of the room.
        let half = Self.target { $0.memoryLimit = 6_000_000 }
        #expect(Self.refusals(Self.findings(half)) == [.tooSmall])
        #expect(Self.findings(half) { $0.databases = [DatabaseMapping(source: 0, destination: 0)] }.isEmpty)
    }

    @Test func `memory that a flush frees counts as room`() {
        let full = Self.target {
            $0.memoryLimit = 20_000_000
            $0.usedMemory = 19_000_000
            $0.startupMemory = 900_000
        }
        #expect(Self.refusals(Self.findings(full)) == [.tooSmall])
        #expect(Self.findings(full) { $0.flushTarget = true }.isEmpty)
    }

    @Test func `keys that have expired by now need no room`() {
        let estimate = { (now: UnixMilliseconds, mode: DeadlineMode) in
            var options = RestoreOptions()
            options.deadlineMode = mode
            return RestoreEstimate(Self.manifest(), options, now: now)
        }
        let later = Self.instant.advanced(byMilliseconds: 60_000)
        #expect(estimate(Self.instant, .deadline).expiredKeyCount == 0)
        #expect(estimate(later, .deadline).expiredKeyCount == 500)
        #expect(estimate(later, .deadline).leastMemoryByteCount == 7_500_000)
        #expect(estimate(later, .remaining).expiredKeyCount == 0)
        #expect(estimate(later, .persist).leastMemoryByteCount == 10_000_000)
    }

    @Test func `a difference of clocks, replicas and module data are told`() {
        let target = Self.target {
            $0.clocks = ClockComparison(differenceMilliseconds: -4000, uncertaintyMilliseconds: 2)
            $0.connectedReplicaCount = 2
        }
        let manifest = Self.manifest { $0.moduleAuxiliaryCount = 1 }
        let findings = Self.findings(target, manifest: manifest)
        #expect(findings.map(\.kind) == [.replicasAttached, .clockDifference, .moduleAuxiliary])
        #expect(Self.refusals(findings).isEmpty)
        #expect(findings[1].message.contains("-4000 ms"))
        #expect(Self.findings(target) { $0.deadlineMode = .remaining }.map(\.kind) == [.replicasAttached])
    }

    @Test func `only databases with keys that are asked for are written to`() {
        var options = RestoreOptions()
        #expect(RestorePlan.mappings(Self.manifest(), options).map(\.source) == [0, 3])
        options.databases = [DatabaseMapping(source: 3, destination: 7), DatabaseMapping(source: 9, destination: 9)]
        #expect(RestorePlan.mappings(Self.manifest(), options) == [DatabaseMapping(source: 3, destination: 7)])
    }
}
