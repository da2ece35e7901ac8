import Catalog
import Foundation
import Operations
import SnapshotModel
import TestSupport
import Testing
import Transport

/// What drills come to, and what is on record afterwards.
@Suite(.serialized)
struct DrillOperationTests {
    @Test("a pass has figures, a fact with the digest of the report, and leaves nothing behind")
    func pass() async throws {
        let bench = try await DrillBench()
        var request = bench.request
        request.policy = "web"
        request.objectives.maximumRecoveryMilliseconds = 600_000
        request.objectives.maximumDataAgeMilliseconds = 600_000
        let outcome = try await bench.drill(request)
        let record = outcome.record
        #expect(record.result == .pass, "\(String(describing: record.reason))")
        #expect(outcome.failure == nil)
        #expect(record.restoredKeyCount == outcome.manifest.keyCount)
        #expect(record.comparedKeyCount == outcome.manifest.keyCount)
        #expect(record.sampleSeed == nil)
        #expect(record.largestDeadlineErrorMilliseconds == 0)
        #expect(record.serverVersion == bench.binary.version)
        #expect(Set(record.phases.keys) == Set(DrillPhase.known))
        let recovery = try #require(record.rtoMilliseconds)
        #expect(recovery >= record.phases[.load] ?? .max)
        // The instant is by the source's clock, the age by this host's; a busy machine sees the two apart.
        let hostInstant = outcome.manifest.instant.advanced(
            byMilliseconds: -(outcome.manifest.clocks?.differenceMilliseconds ?? 0)
        )
        #expect(max(0, record.startedAt.milliseconds(since: hostInstant)) == record.rpoMilliseconds)
        #expect(outcome.recovery.last?.milliseconds == recovery && outcome.recovery.last?.keyShare == 1)
        #expect(outcome.findings?.lifetimes == outcome.manifest.statistics.lifetimes)
        #expect(outcome.findings?.types == outcome.manifest.statistics.types.mapValues(\.keyCount))
        #expect(try await bench.records() == [record])
        let report = try Data(contentsOf: URL(fileURLWithPath: try #require(outcome.reportPath)))
        #expect(record.reportDigest == DrillReportDigest.of(report))
        #expect(try bench.leftovers() == [])
        // The next drill knows of this one.
        #expect(try await bench.drill(request).earlier.map(\.record) == [record])
    }

    @Test("a key that was about to expire is compared all the same")
    func shortLife() async throws {
        var bench = try await DrillBench(nil) { try $0.command("SET", "soon", "x", "PX", "2000") }
        // On a machine that is very busy the key may have gone before it was captured.
        for _ in 0..<10 where try await bench.manifest().keyCount == 0 {
            bench = try await DrillBench(nil) { try $0.command("SET", "soon", "x", "PX", "2000") }
        }
        let end = try await bench.manifest().instant.advanced(byMilliseconds: 2000)
        while UnixMilliseconds.now <= end { try await Task.sleep(for: .milliseconds(50)) }
        let outcome = try await bench.drill()
        #expect(outcome.record.result == .pass)
        #expect(outcome.record.comparedKeyCount == 1)
        #expect(outcome.record.largestDeadlineErrorMilliseconds == 0)
    }

    @Test("objectives that are missed are told, and are no difference")
    func objectives() async throws {
        let bench = try await DrillBench()
        var request = bench.request
        request.objectives.maximumRecoveryMilliseconds = 0
        let slow = try await bench.drill(request)
        #expect(slow.record.result == .objectiveMissed)
        #expect(slow.failure?.kind == .drillObjective)
        #expect(slow.record.reason?.contains("recovery took") == true)
        request.objectives.maximumRecoveryMilliseconds = nil
        request.objectives.maximumDataAgeMilliseconds = 0
        let old = try await bench.drill(request)
        #expect(old.record.result == .objectiveMissed && old.record.reason?.contains("the data was") == true)
        // A wrong deadline within the tolerance is none; a wrong value is worse than a missed objective.
        request.objectives.deadlineToleranceMilliseconds = 1000
        request.objectives.maximumDataAgeMilliseconds = nil
        let shift: @Sendable (RedisClient) throws -> Void = { client in
            let deadline = try client.command("PEXPIRETIME", "expiring").integer ?? 0
            try client.command("PEXPIREAT", "expiring", RedisArgument(deadline + 999))
        }
        let tolerated = try await bench.drill(request, damage: shift)
        #expect(tolerated.record.result == .pass && tolerated.record.largestDeadlineErrorMilliseconds == 999)
        request.objectives.maximumRecoveryMilliseconds = 0
        let both = try await bench.drill(request) { try $0.command("DEL", "list") }
        #expect(both.record.result == .difference)
    }

    @Test("without a server, or the memory for one, nothing is known, and what to do is said")
    func obstacles() async throws {
        let bench = try await DrillBench()
        var request = bench.request
        request.place = .scratch(program: "/nonexistent/redis-server")
        let absent = try await bench.drill(request)
        #expect(absent.record.result == .inconclusive && absent.record.serverVersion == nil)
        #expect(absent.failure?.kind == .inconclusive && absent.failure?.hint?.contains("--server") == true)
        request.place = .scratch(program: "/bin/true")
        #expect(try await bench.drill(request).record.reason == "'/bin/true' is no server program")
        request.place = .scratch(program: nil)
        var context = bench.context
        context.directories = DrillBench.directories(bench.directory, path: bench.directory.path)
        let none = try await DrillOperation(request).run(context)
        #expect(none.record.reason == "neither redis-server nor valkey-server is on the search path")
        request = bench.request
        request.availableMemory = { 1 << 20 }
        let small = try await bench.drill(request)
        #expect(small.record.result == .inconclusive)
        #expect(small.record.reason?.contains("this host has 1 MiB") == true)
        #expect(try await bench.records().map(\.result) == Array(repeating: .inconclusive, count: 4))
        #expect(try bench.leftovers() == [])
    }

    @Test("a server that dies before the comparison leaves the drill undecided")
    func death() async throws {
        let bench = try await DrillBench()
        let outcome = try await bench.drill { client in
            let processID = try #require(try client.info("server", "process_id").flatMap { Int32($0) })
            kill(processID, SIGKILL)
        }
        #expect(outcome.record.result == .inconclusive)
        #expect(outcome.record.reason?.contains("was ended by signal 9") == true, "\(outcome.record.reason ?? "")")
        #expect(try bench.leftovers() == [])
    }

    @Test("a damaged archive is a difference")
    func damagedArchive() async throws {
        let bench = try await DrillBench()
        let path = bench.directory.path("repository/snapshots/\(bench.snapshot)/part-0.rewarm")
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
        let outcome = try await bench.drill()
        #expect(outcome.record.result == .difference)
        #expect(outcome.failure?.kind == .integrity)
    }

    @Test("a sample is drawn by its seed, and the number of the other keys is compared")
    func sample() async throws {
        let bench = try await DrillBench()
        var request = bench.request
        (request.sampleCount, request.sampleSeed) = (5, 7)
        let outcome = try await bench.drill(request)
        #expect(outcome.record.result == .pass)
        #expect(outcome.record.comparedKeyCount <= 5 && outcome.record.comparedKeyCount >= 4)
        #expect(outcome.record.sampleSeed == 7)
        #expect(outcome.findings?.notCompared.contains { $0.contains("seed 7") } == true)
        let lost = try await bench.drill(request) { try $0.command("FLUSHDB") }
        #expect(lost.record.result == .difference)
        let extra = try await bench.drill(request) { try $0.command("SET", "intruder", "1") }
        #expect(extra.record.differences == [.extra: 1])
    }

    @Test("a target of the operator must be empty, or may be emptied")
    func target() async throws {
        let bench = try await DrillBench()
        let node = try await RedisServer.start(.init(binary: bench.binary))
        try node.client().command("SET", "mine", "1")
        var request = bench.request
        let connection = ConnectionOptions(url: try NodeURL(node.url))
        request.place = .target(connection, flush: false)
        await #expect(throws: OperationError.self) { try await bench.drill(request) }
        #expect(try node.client().command("GET", "mine").text == "1")
        request.place = .target(connection, flush: true)
        let outcome = try await bench.drill(request)
        #expect(outcome.record.result == .pass, "\(String(describing: outcome.record.reason))")
        #expect(outcome.record.phases[.start] == nil)
        #expect(try node.client().command("EXISTS", "string").integer == 1)
    }

    @Test("snapshots of each server pass a drill in the same server", arguments: try await ServerMatrix.present())
    func versions(_ binary: ServerBinary) async throws {
        let bench = try await DrillBench(binary) { client in
            try client.command("SET", "string", "hello", "PX", "600000")
            try client.command("RPUSH", "list", "a", "b")
            try client.command("XADD", "stream", "1-1", "f", "1")
            try client.command("XGROUP", "CREATE", "stream", "group", "0")
            try client.command("XREADGROUP", "GROUP", "group", "alice", "STREAMS", "stream", ">")
            try client.command("ZADD", "zset", "1.1", "a")
            try client.command("HSET", "hash", "f", "1")
            try client.command("SADD", "set", "a")
        }
        let outcome = try await bench.drill()
        #expect(outcome.record.result == .pass, "\(binary): \(String(describing: outcome.record.reason))")
        #expect(outcome.record.comparedKeyCount == 6)
        let bad = try await bench.drill { try $0.command("XACK", "stream", "group", "1-1") }
        #expect(bad.record.differences == [.group: 1], "\(binary)")
    }
}
