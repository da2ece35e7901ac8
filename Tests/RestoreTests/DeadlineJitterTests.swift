import Foundation
import Restore
import SnapshotModel
import TestSupport
import Testing

/// `--ttl-jitter` over many keys: what it takes of their lives, and what it never takes.
@Suite struct DeadlineJitterTests {
    private static let instant = UnixMilliseconds(1_700_000_000_000)
    private static let start = UnixMilliseconds(1_700_000_500_000)
    private static let keyCount = 5000

    private static func resolver(
        _ percent: Int,
        seed: UInt64,
        mode: DeadlineMode = .deadline
    ) -> DeadlineResolver {
        DeadlineResolver(
            mode: mode,
            instant: instant,
            start: start,
            jitter: DeadlineJitter(percent: percent, seed: seed)
        )
    }

    private static func shortening(_ resolver: DeadlineResolver, key: String, database: UInt32 = 0) -> Double {
        Array(key.utf8).withUnsafeBytes { resolver.shortening(database: database, key: $0) }
    }

    /// Kolmogorov's distance between `shares` of [0, 1) and the uniform distribution.
    private static func distance(_ shares: [Double]) -> Double {
        let count = Double(shares.count)
        return shares.sorted().enumerated().map { rank, share in
            max(share - Double(rank) / count, Double(rank + 1) / count - share)
        }.max() ?? 1
    }

    /// Names as caches have them: neighbours differ in a digit.
    @Test(arguments: [1, 2, 3, 0xDEAD_BEEF, .max] as [UInt64], ["session:%d", "{tag}:user:%06d:profile"])
    func `the shares of lives that are taken are uniform from nothing to the percent asked for`(
        seed: UInt64,
        form: String
    ) throws {
        let percent = 20
        let resolver = Self.resolver(percent, seed: seed)
        let life: Int64 = 86_400_000
        let expiry = Expiry.at(Self.start.advanced(byMilliseconds: life))
        let shares = try (0..<Self.keyCount).map { index in
            let shortening = Self.shortening(resolver, key: String(format: form, index))
            let deadline = try #require(resolver.resolve(expiry, shortening: shortening, now: Self.start).instant)
            return Double(life - deadline.milliseconds(since: Self.start)) / Double(life) * 100 / Double(percent)
        }
        // The critical value of the Kolmogorov-Smirnov test at the level 0.001: 1.95 / sqrt(n).
        #expect(Self.distance(shares) < 1.95 / Double(Self.keyCount).squareRoot(), "seed \(seed)")
        #expect(shares.allSatisfy { (0..<1.000_001).contains($0) })
    }

    @Test func `the test of the distribution tells a skewed one`() {
        let skewed = (0..<Self.keyCount).map { (Double($0) / Double(Self.keyCount)).squareRoot() }
        #expect(Self.distance(skewed) > 1.95 / Double(Self.keyCount).squareRoot())
    }

    @Test(arguments: DeadlineMode.allCases.filter { $0 != .persist }, [1, 10, 50, 100])
    func `no life is lengthened, and none is made past`(mode: DeadlineMode, percent: Int) {
        var generator = SeededGenerator.fromEnvironment("jitter", fallback: 9)
        let plain = DeadlineResolver(mode: mode, instant: Self.instant, start: Self.start)
        let resolver = Self.resolver(percent, seed: generator.next(), mode: mode)
        for index in 0..<Self.keyCount {
            // Lives from a millisecond to decades, some of them over before the restore gets to the key.
            let life = Int64(1) << Int64.random(in: 0...40, using: &generator)
            let expiry = Expiry.at(
                Self.instant.advanced(byMilliseconds: Int64.random(in: -life...life, using: &generator))
            )
            let now = Self.start.advanced(byMilliseconds: Int64.random(in: 0...life, using: &generator))
            let shortening = Self.shortening(resolver, key: "key:\(index)")
            switch (plain.resolve(expiry, now: now), resolver.resolve(expiry, shortening: shortening, now: now)) {
            case (.at(let whole), .at(let shortened)):
                #expect(shortened <= whole && shortened > now, "seed \(generator.seed), key \(index)")
                let most = Double(whole.milliseconds(since: Self.start)) * Double(percent) / 100
                #expect(Double(whole.milliseconds(since: shortened)) <= most, "seed \(generator.seed), key \(index)")
            case (let whole, let shortened): #expect(whole == shortened, "seed \(generator.seed), key \(index)")
            }
        }
    }

    @Test func `the same key loses the same share in every run, another key or database another`() {
        let (first, second) = (Self.resolver(30, seed: 5), Self.resolver(30, seed: 5))
        #expect(Self.shortening(first, key: "a") == Self.shortening(second, key: "a"))
        #expect(Self.shortening(first, key: "a") != Self.shortening(first, key: "b"))
        #expect(Self.shortening(first, key: "a") != Self.shortening(first, key: "a", database: 1))
        #expect(Self.shortening(first, key: "a") != Self.shortening(Self.resolver(30, seed: 6), key: "a"))
        // A later run of the restore resolves to the same deadline, as long as that is ahead.
        let expiry = Expiry.at(Self.start.advanced(byMilliseconds: 1_000_000))
        let share = Self.shortening(first, key: "a")
        let later = Self.start.advanced(byMilliseconds: 60_000)
        #expect(
            first.resolve(expiry, shortening: share, now: Self.start)
                == first.resolve(expiry, shortening: share, now: later)
        )
    }

    @Test func `the extremes stay in range`() {
        let resolver = Self.resolver(100, seed: 1)
        let furthest = resolver.resolve(.at(UnixMilliseconds(.max)), shortening: 0.999_999_999, now: Self.start)
        #expect(furthest.instant.map { $0 > Self.start } ?? false)
        #expect(resolver.resolve(.never, shortening: 0.5, now: Self.start) == .never)
        let nearest = Self.start.advanced(byMilliseconds: 1)
        #expect(resolver.resolve(.at(nearest), shortening: 0.9, now: Self.start) == .at(nearest))
        #expect(resolver.fieldExpiry(UnixMilliseconds(5), shortening: 0.9, now: Self.start) == .at(UnixMilliseconds(5)))
    }

    @Test func `without jitter nothing is taken, and persist knows none`() {
        let plain = DeadlineResolver(mode: .deadline, instant: Self.instant, start: Self.start)
        #expect(!plain.shortensLives && Self.shortening(plain, key: "a") == 0)
        let persisting = Self.resolver(50, seed: 1, mode: .persist)
        #expect(!persisting.shortensLives && Self.shortening(persisting, key: "a") == 0)
        var options = RestoreOptions()
        options.deadlineJitterPercent = 101
        #expect(options.contradiction?.contains("jitter") ?? false)
        options.deadlineJitterPercent = 10
        #expect(options.contradiction == nil)
        options.deadlineMode = .persist
        #expect(options.contradiction?.contains("persist") ?? false)
    }
}
