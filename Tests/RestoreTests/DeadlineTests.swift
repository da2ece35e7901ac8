import Restore
import SnapshotModel
import Testing

@Suite struct DeadlineTests {
    private static let instant = UnixMilliseconds(1_000_000)
    private static let start = UnixMilliseconds(5_000_000)

    private static func resolver(_ mode: DeadlineMode) -> DeadlineResolver {
        DeadlineResolver(mode: mode, instant: instant, start: start)
    }

    @Test func `a deadline stays the instant that it is, and has passed at that very millisecond`() {
        let resolver = Self.resolver(.deadline)
        let deadline = Expiry.at(UnixMilliseconds(5_000_100))
        #expect(resolver.resolve(deadline, now: UnixMilliseconds(5_000_099)) == .at(UnixMilliseconds(5_000_100)))
        #expect(resolver.resolve(deadline, now: UnixMilliseconds(5_000_100)) == .expired)
        #expect(resolver.resolve(.never, now: Self.start) == .never)
        #expect(resolver.keepsFieldDeadlines)
    }

    @Test func `what was left at the instant starts again when the restore starts`() {
        let resolver = Self.resolver(.remaining)
        let deadline = Expiry.at(UnixMilliseconds(1_000_250))
        #expect(resolver.resolve(deadline, now: Self.start) == .at(UnixMilliseconds(5_000_250)))
        // Expired at the source at the instant already: no life was left.
        #expect(resolver.resolve(.at(Self.instant), now: Self.start) == .expired)
        // The restore took longer than the life that was left.
        #expect(resolver.resolve(deadline, now: UnixMilliseconds(5_000_250)) == .expired)
        #expect(resolver.fieldExpiry(UnixMilliseconds(1_000_001)) == .at(UnixMilliseconds(5_000_001)))
    }

    @Test func `a shift moves every deadline by the same time, those of fields included`() {
        let resolver = DeadlineResolver(
            mode: .deadline,
            instant: Self.instant,
            start: Self.start,
            shiftMilliseconds: 4_000_100
        )
        #expect(resolver.resolve(.at(UnixMilliseconds(1_000_001)), now: Self.start) == .at(UnixMilliseconds(5_000_101)))
        #expect(resolver.resolve(.at(UnixMilliseconds(999_900)), now: Self.start) == .expired)
        #expect(resolver.resolve(.never, now: Self.start) == .never)
        #expect(resolver.fieldExpiry(UnixMilliseconds(1_000_001)) == .at(UnixMilliseconds(5_000_101)))
        #expect(!resolver.keepsFieldDeadlines)
        // Other modes have a shift of their own.
        let remaining = DeadlineResolver(
            mode: .remaining,
            instant: Self.instant,
            start: Self.start,
            shiftMilliseconds: 4_000_100
        )
        #expect(remaining.fieldExpiry(UnixMilliseconds(1_000_001)) == .at(UnixMilliseconds(5_000_001)))
    }

    @Test func `persist takes every deadline away, also one that has passed`() {
        let resolver = Self.resolver(.persist)
        #expect(resolver.resolve(.at(UnixMilliseconds(1)), now: Self.start) == .never)
        #expect(resolver.fieldExpiry(UnixMilliseconds(1)) == .never)
        #expect(!resolver.keepsFieldDeadlines)
    }

    @Test func `shifted deadlines saturate and never become zero, which would mean no expiry`() {
        let resolver = Self.resolver(.remaining)
        #expect(resolver.resolve(.at(UnixMilliseconds(.max)), now: Self.start) == .at(UnixMilliseconds(.max)))
        #expect(Self.resolver(.deadline).resolve(.at(UnixMilliseconds(0)), now: UnixMilliseconds(-5)) != .never)
        #expect(resolver.fieldExpiry(UnixMilliseconds(.min)) == .at(UnixMilliseconds(1)))
    }

    @Test func `the ledger knows how many keys are due, to its bucket`() {
        var ledger = DeadlineLedger(start: Self.start)
        for seconds in [0, 1, 1, 59, 4095, 4096, 5000, 300_000, 99_999_999] as [Int64] {
            ledger.add(Self.start.advanced(byMilliseconds: seconds * 1000))
        }
        func due(_ seconds: Int64) -> UInt64 {
            ledger.dueCount(by: Self.start.advanced(byMilliseconds: seconds * 1000))
        }
        #expect(ledger.count == 9)
        #expect(ledger.dueCount(by: Self.start.advanced(byMilliseconds: -1)) == 0)
        #expect(due(0) == 1)
        #expect(due(1) == 3)
        #expect(due(58) == 3)
        #expect(due(59) == 4)
        #expect(due(4095) == 5)
        #expect(due(4096) == 6)
        #expect(due(6000) == 7)
        #expect(due(100_000_000) == 9)
    }

    @Test func `the target's clock goes on with the monotonic clock`() {
        let moment = ContinuousClock.now
        let clock = TargetClock(told: UnixMilliseconds(1000), at: moment)
        #expect(clock.time(at: moment.advanced(by: .milliseconds(1500))) == UnixMilliseconds(2500))
        #expect(clock.time(at: moment.advanced(by: .milliseconds(-10))) == UnixMilliseconds(990))
    }
}
