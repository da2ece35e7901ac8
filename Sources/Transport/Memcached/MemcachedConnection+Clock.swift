import Memcached
package import SnapshotModel

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension MemcachedConnection {
    /// Compares the server's clock with this host's.
    ///
    /// The server tells whole seconds: the difference is known to half a second, and half of the round trip.
    package func compareClocks() async throws(TransportError) -> ClockComparison? {
        let before = Self.hostMilliseconds()
        let stats = try await stats()
        let after = Self.hostMilliseconds()
        guard let time = stats.time else { return nil }
        return ClockComparison(
            differenceMilliseconds: time * 1000 + 500 - (before + after) / 2,
            uncertaintyMilliseconds: 500 + max(after - before, 0) / 2
        )
    }

    private static func hostMilliseconds() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }
}
