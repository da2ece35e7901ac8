package import SnapshotModel

/// What one connection's replies tell of the server's clock, so that relative times become exact instants; pure.
///
/// A reply tells the seconds since the last access, the listing tells when that was: their sum is the server's clock at
/// the reply, unless the item was used in between, and then it is less. The greatest sum so far is therefore the clock,
/// or a second less where it has just gone on.
package struct CrawlClock: Sendable {
    /// Unix seconds: no less than this is what the server's clock shows.
    package private(set) var now: Int64

    package init(now: Int64) {
        self.now = now
    }

    /// The server writes what is left as a number of 32 bits without sign: above this it had gone below zero.
    private static let longestLife: Int64 = 1 << 31

    /// When an item ends.
    ///
    /// Exact where the listing's deadline still fits; where the item has got another one since, it is known to a second.
    ///
    /// - Parameters:
    ///   - entry: what the listing told
    ///   - remaining: seconds that are left by the reply, -1 for none
    ///   - idle: seconds since the last access by the reply
    ///   - latest: no more than this is what the server's clock shows
    /// - Returns: the deadline on the server's clock
    package mutating func expiry(
        of entry: CrawlEntry,
        remaining: Int64,
        idle: UInt64?,
        latest: Int64
    ) -> Expiry {
        expiry(listed: entry.expiry, lastAccess: entry.lastAccess, remaining: remaining, idle: idle, latest: latest)
    }

    /// The same with what the listing told in parts: `listed` is nil for never.
    mutating func expiry(
        listed: Int64?,
        lastAccess: Int64,
        remaining: Int64,
        idle: UInt64?,
        latest: Int64
    ) -> Expiry {
        if let idle = idle.flatMap({ Int64(exactly: $0) }), idle < Self.longestLife {
            let told = lastAccess + idle
            if told > now, told <= latest { now = told }
        }
        guard remaining >= 0 else { return .never }
        // It ended between the server's look at it and its answer.
        guard remaining < Self.longestLife else { return .seconds(now) }
        if let listed, listed - remaining >= now, listed - remaining <= max(latest, now) {
            return .seconds(listed)
        }
        return .seconds(now + remaining)
    }
}

extension Expiry {
    fileprivate static func seconds(_ seconds: Int64) -> Self { .at(UnixMilliseconds(seconds * 1000)) }
}
