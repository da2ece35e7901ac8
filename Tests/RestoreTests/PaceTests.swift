import Foundation
import Operations
import Restore
import SnapshotModel
import Synchronization
import TestSupport
import Testing

/// `--rate` and `--max-latency`: how gently a target is written to.
@Suite struct PaceTests {
    private typealias Reading = LatencyControl.Reading

    private static let quick = Reading(latency: .milliseconds(1))
    private static let slow = Reading(latency: .milliseconds(15))
    private static let rate = 50_000_000.0

    private static func control() -> LatencyControl {
        LatencyControl(limit: .milliseconds(10), replicaBufferLimit: 1_000_000)
    }

    // MARK: Rates

    @Test func `a rate in keys spreads batches of keys`() {
        let start = ContinuousClock.now
        var pacer = RatePacer(keysPerSecond: 1000, start: start)
        #expect(pacer.batchRecordLimit == 100 && pacer.batchByteLimit == .max)
        #expect(pacer.moment(toSend: 100, byteCount: 1 << 30, now: start) == start)
        #expect(pacer.moment(toSend: 100, byteCount: 0, now: start) == start + .milliseconds(100))
        #expect(pacer.moment(toSend: 1, byteCount: 0, now: start) == start + .milliseconds(200))
        #expect(RatePacer(keysPerSecond: 3, start: start).batchRecordLimit == 1)
    }

    @Test func `of a rate in keys and one in bytes the slower holds`() {
        let start = ContinuousClock.now
        var pacer = RatePacer(keysPerSecond: 1000, bytesPerSecond: 1_000_000, start: start)
        #expect(pacer.batchByteLimit == 100_000)
        _ = pacer.moment(toSend: 10, byteCount: 500_000, now: start)
        #expect(pacer.moment(toSend: 300, byteCount: 100, now: start) == start + .milliseconds(500))
        #expect(pacer.moment(toSend: 1, byteCount: 1, now: start) == start + .milliseconds(800))
    }

    @Test func `a pause is not made up for by a flood`() {
        let start = ContinuousClock.now
        var pacer = RatePacer(keysPerSecond: 1000, start: start)
        _ = pacer.moment(toSend: 100, byteCount: 0, now: start)
        let later = start + .seconds(60)
        var moment = start
        for _ in 0..<10 { moment = pacer.moment(toSend: 100, byteCount: 0, now: later) }
        #expect(moment >= later + .milliseconds(700), "ten batches take nine tenths of a second, but for the slack")
    }

    // MARK: Latency

    @Test func `a target that is quick is not held back`() {
        var control = Self.control()
        for _ in 0..<100 { control.observe(Self.quick, rate: Self.rate) }
        #expect(control.allowance == nil && control.slowdownCount == 0)
        #expect(control.highestLatency == .milliseconds(1))
    }

    @Test func `a slow reading at least halves the rate, a slower one takes more, none all of it`() throws {
        var control = Self.control()
        control.observe(Self.slow, rate: Self.rate)
        #expect(try #require(control.allowance) == Self.rate / 2)
        var worse = Self.control()
        worse.observe(Reading(latency: .seconds(5)), rate: Self.rate)
        #expect(try #require(worse.allowance) == Self.rate / 4)
        for _ in 0..<1000 { worse.observe(Reading(latency: .seconds(5)), rate: 0) }
        #expect(try #require(worse.allowance) == LatencyControl.floor, "it never stops")
        #expect(worse.highestLatency == .seconds(5))
    }

    @Test func `what was sent before a slowdown does not slow it down again`() {
        var control = Self.control()
        control.observe(Self.slow, rate: Self.rate)
        let allowance = control.allowance
        control.observe(Self.slow, rate: Self.rate)
        #expect(control.allowance == allowance && control.slowdownCount == 1)
        for _ in 0..<10 { control.observe(Self.slow, rate: Self.rate) }
        #expect(control.slowdownCount > 1)
    }

    @Test func `the rate comes back in steps, and the limit goes when it is no longer needed`() {
        var control = Self.control()
        control.observe(Self.slow, rate: Self.rate)
        var allowances: [Double] = []
        while let allowance = control.allowance, allowances.count < 1000 {
            allowances.append(allowance)
            control.observe(Self.quick, rate: min(allowance, Self.rate))
        }
        #expect(control.allowance == nil && allowances.count > 20, "\(allowances.count) steps")
        #expect(allowances == allowances.sorted())
        #expect(zip(allowances, allowances.dropFirst()).allSatisfy { $1 - $0 <= max(Self.rate, $0) * 0.051 })
    }

    @Test func `between quick and slow nothing changes`() {
        var control = Self.control()
        for _ in 0..<5 { control.observe(Self.slow, rate: Self.rate) }
        let allowance = control.allowance
        for _ in 0..<50 { control.observe(Reading(latency: .milliseconds(9)), rate: Self.rate) }
        #expect(control.allowance == allowance)
    }

    @Test func `output buffers of replicas count like latency`() {
        var control = Self.control()
        control.observe(Reading(latency: .zero, replicaBufferByteCount: 999_999), rate: Self.rate)
        #expect(control.allowance == nil)
        control.observe(Reading(latency: .zero, replicaBufferByteCount: 4_000_000), rate: Self.rate)
        #expect(control.allowance == Self.rate / 4 && control.slowdownCount == 1)
    }

    /// The loop against a model of a server that bears so much, and whose latency grows with what is beyond it.
    @Test(arguments: [300_000.0, 5_000_000, 80_000_000]) func `the rate settles near what the target bears`(
        bearable: Double
    ) {
        var control = Self.control()
        let offered = 100_000_000.0
        var rates: [Double] = []
        for _ in 0..<4000 {
            let rate = min(control.allowance ?? offered, offered)
            rates.append(rate)
            let latency = Duration.milliseconds(rate > bearable ? 10 + 20 * (rate / bearable - 1) : 2)
            control.observe(Reading(latency: latency), rate: rate)
        }
        let settled = rates.suffix(3000)
        let mean = settled.reduce(0, +) / Double(settled.count)
        #expect(mean > bearable * 0.4 && mean < max(bearable, LatencyControl.floor) * 1.9, "\(mean) of \(bearable)")
        #expect(settled.count { $0 > bearable } < settled.count / 2, "slow at most half of the time")
    }

    // MARK: On servers

    private static func fixture(_ count: Int) async throws -> ArchiveFixture {
        let text = String(repeating: "x", count: 1000)
        return try await ArchiveFixture.make(
            (0..<count).map { .string("key:\($0)", "\($0) " + text) },
            instant: UnixMilliseconds.now,
            blockByteCount: 64 << 10
        )
    }

    @Test func `a target that others keep busy is written to more slowly, and gets everything`() async throws {
        let target = try await RedisServer.start()
        let fixture = try await Self.fixture(6000)
        // Somebody's commands hold the target up for longer than is wished, again and again.
        let busy = Mutex(true)
        let disturber = Thread {
            guard let client = try? target.client() else { return }
            while busy.withLock({ $0 }) { _ = try? client.debug("SLEEP", "0.03") }
        }
        disturber.start()
        // The rate only makes the run long enough to be looked at several times.
        let report = try await RestoreHarness(fixture).run(target) {
            $0.latencyLimit = .milliseconds(5)
            $0.bytesPerSecond = 8 << 20
        }
        busy.withLock { $0 = false }
        #expect(report.failure == nil, "\(String(describing: report.failure))")
        #expect(report.accounting[.restored] == 6000)
        let slowing = try #require(report.result.slowing)
        #expect(slowing.slowdownCount > 0 && slowing.highestLatency > .milliseconds(5), "\(slowing)")
    }

    @Test func `without --max-latency nothing watches the target`() async throws {
        let target = try await RedisServer.start()
        let report = try await RestoreHarness(try await Self.fixture(100)).run(target) { $0.keysPerSecond = 10_000 }
        #expect(report.failure == nil && report.result.slowing == nil)
        #expect(try target.client().info("stats", "total_connections_received").flatMap { Int($0) } ?? 99 < 20)
    }

    @Test func `the watch over a target ends with the run`() async throws {
        let target = try await RedisServer.start()
        let report = try await RestoreHarness(try await Self.fixture(100)).run(target) {
            $0.latencyLimit = .seconds(1)
        }
        #expect(report.failure == nil && report.result.slowing?.slowdownCount == 0)
        let client = try target.client()
        let pings = { () throws -> String? in try client.info("commandstats", "cmdstat_ping") }
        let before = try pings()
        // A watch that went on would ask again every 50 ms, on a connection that it holds.
        while try client.info("clients", "connected_clients") != "1" { try await Task.sleep(for: .milliseconds(5)) }
        #expect(try pings() == before)
    }
}
