import Memcached
import Testing

/// The answer to `stats`.
struct MemcachedStatsTests {
    static func parse(_ lines: [String]) throws -> (MemcachedStats, hasEnded: Bool) {
        var stats = MemcachedStats()
        let hasEnded = try lines.contains { try stats.take(line: $0) }
        return (stats, hasEnded)
    }

    @Test func `names have their values, also those with spaces and none`() throws {
        let (stats, hasEnded) = try Self.parse([
            "STAT pid 42", "STAT uptime 10", "STAT time 1795290035", "STAT version 1.6.18", "STAT curr_items 3",
            "STAT hash_is_expanding 1", "STAT libevent 2.1 a b", "STAT empty", "STAT inter ", "END",
        ])
        #expect(hasEnded)
        #expect(stats.time == 1_795_290_035 && stats.uptime == 10 && stats.processID == 42 && stats.itemCount == 3)
        #expect(stats.isHashExpanding && !stats.isCrawlerRunning)
        #expect(stats["libevent"] == "2.1 a b" && stats["empty"] == "" && stats["inter"] == "")
        #expect(stats["nothing"] == nil && stats.evictionCount == nil)
    }

    @Test func `settings are yes and no, on and off`() throws {
        let (settings, _) = try Self.parse([
            "STAT evictions off", "STAT cas_enabled no", "STAT dump_enabled yes", "STAT item_size_max 1048576", "END",
        ])
        #expect(!settings.evicts && !settings.isCASEnabled && settings.isDumpEnabled)
        #expect(settings.largestItemByteCount == 1_048_576)
    }

    @Test func `what a server does not tell is taken for the usual`() {
        let settings = MemcachedStats()
        #expect(settings.evicts && settings.isCASEnabled && settings.isDumpEnabled && settings.isCrawlerEnabled)
    }

    @Test(arguments: ["", "STAT", "VALUE a 0 1", "ERROR"]) func `another line is no statistic`(line: String) {
        #expect(throws: MemcachedError.self) { try Self.parse([line]) }
    }
}
