import Capture
import Memcached
import NIOCore
import SnapshotModel
import TestSupport
import Testing

/// Deadlines from relative times, on a clock that the replies themselves tell.
struct CrawlClockTests {
    private static func entry(expiry: Int64?, lastAccess: Int64) throws -> CrawlEntry {
        let listed = MetadumpEntry(key: ByteBuffer(string: "k"), expiry: expiry, lastAccess: lastAccess)
        return try #require(CrawlEntry(listed))
    }

    private static func seconds(_ seconds: Int64) -> Expiry { .at(UnixMilliseconds(seconds * 1000)) }

    @Test func `a deadline that still fits the listing is the listing's, at any second of the walk`() throws {
        for now in Int64(1000)...1010 {
            var clock = CrawlClock(now: 1000)
            let entry = try Self.entry(expiry: 5000, lastAccess: 900)
            let expiry = clock.expiry(of: entry, remaining: 5000 - now, idle: UInt64(now - 900), latest: 1012)
            #expect(expiry == Self.seconds(5000))
            #expect(clock.now == now)
        }
    }

    @Test func `a new deadline is counted from the latest clock that an untouched item told`() throws {
        var clock = CrawlClock(now: 1000)
        _ = clock.expiry(of: try Self.entry(expiry: nil, lastAccess: 500), remaining: -1, idle: 507, latest: 1020)
        #expect(clock.now == 1007)
        // Used and given another life after it was listed: its own sum tells an older clock.
        let touched = try Self.entry(expiry: 1100, lastAccess: 990)
        #expect(clock.expiry(of: touched, remaining: 600, idle: 0, latest: 1020) == Self.seconds(1607))
        #expect(clock.now == 1007)
    }

    @Test func `an item without expiry has none, and one that was given one or lost it has what the reply says`()
        throws
    {
        var clock = CrawlClock(now: 1000)
        let never = try Self.entry(expiry: nil, lastAccess: 1000)
        let mortal = try Self.entry(expiry: 2000, lastAccess: 1000)
        #expect(clock.expiry(of: never, remaining: -1, idle: 0, latest: 1002) == .never)
        #expect(clock.expiry(of: never, remaining: 50, idle: 0, latest: 1002) == Self.seconds(1050))
        #expect(clock.expiry(of: mortal, remaining: -1, idle: 0, latest: 1002) == .never)
    }

    @Test func `a life that had ended between look and answer ends now, and is no eternity`() throws {
        var clock = CrawlClock(now: 1000)
        let entry = try Self.entry(expiry: 1000, lastAccess: 900)
        #expect(clock.expiry(of: entry, remaining: 4_294_967_295, idle: 100, latest: 1002) == Self.seconds(1000))
        #expect(clock.expiry(of: entry, remaining: 0, idle: 100, latest: 1002) == Self.seconds(1000))
    }

    @Test func `a clock that no server can show yet is not believed`() throws {
        var clock = CrawlClock(now: 1000)
        let entry = try Self.entry(expiry: nil, lastAccess: 1000)
        _ = clock.expiry(of: entry, remaining: -1, idle: 500, latest: 1002)
        _ = clock.expiry(of: entry, remaining: -1, idle: .max, latest: 1002)
        #expect(clock.now == 1000)
    }
}
