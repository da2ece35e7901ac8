/// What `stats` tells: names and values as the server writes them, and those that Rewarm looks at.
package struct MemcachedStats: Hashable, Sendable {
    package private(set) var values: [String: String] = [:]

    package init(_ values: [String: String] = [:]) {
        self.values = values
    }

    package subscript(_ name: String) -> String? { values[name] }

    package func number(_ name: String) -> UInt64? { values[name].flatMap { UInt64($0) } }

    /// yes and no, on and off, 1 and 0.
    package func flag(_ name: String) -> Bool? {
        switch values[name] {
        case "yes", "on", "1": true
        case "no", "off", "0": false
        default: nil
        }
    }

    /// Takes one line; true if it was the last.
    package mutating func take(line: String) throws(MemcachedError) -> Bool {
        if line == "END" { return true }
        let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count >= 2, words[0] == "STAT" else { throw .unexpectedLine(String(words[0].prefix(20))) }
        values[String(words[1])] = words.count > 2 ? String(words[2]) : ""
        return false
    }
}

// Names of `stats`; source: memcached doc/protocol.txt.
extension MemcachedStats {
    package var version: String { values["version"] ?? "" }
    /// Unix seconds by the server's clock, which ticks once a second.
    package var time: Int64? { number("time").flatMap { Int64(exactly: $0) } }
    /// Seconds since the server started.
    package var uptime: UInt64? { number("uptime") }
    package var processID: UInt64? { number("pid") }
    package var itemCount: UInt64? { number("curr_items") }
    /// Bytes that items take at the moment, and may take.
    package var usedByteCount: UInt64? { number("bytes") }
    package var memoryLimitByteCount: UInt64? { number("limit_maxbytes") }
    package var evictionCount: UInt64? { number("evictions") }
    /// How often it was told `flush_all`.
    package var flushCount: UInt64? { number("cmd_flush") }
    /// A Memcached server tells no run id: the moment when it started (`time` less `uptime`, which stays the same for its
    /// whole life) and its process id make one.
    ///
    /// nil where the server does not tell them.
    package var runID: String? {
        guard let time, let uptime = uptime.flatMap({ Int64(exactly: $0) }), let processID else { return nil }
        return "memcached-\(time - uptime)-\(processID)"
    }
    package var isHashExpanding: Bool { flag("hash_is_expanding") ?? false }
    package var isCrawlerRunning: Bool { flag("lru_crawler_running") ?? false }
}

// Names of `stats settings`.
extension MemcachedStats {
    /// The largest item with its key and header, in bytes.
    package var largestItemByteCount: UInt64? { number("item_size_max") }
    package var isDumpEnabled: Bool { flag("dump_enabled") ?? true }
    package var isCrawlerEnabled: Bool { flag("lru_crawler") ?? true }
    package var isCASEnabled: Bool { flag("cas_enabled") ?? true }
    /// Whether items are evicted when memory is full; without (`-M`) new ones are refused.
    package var evicts: Bool { flag("evictions") ?? true }
    package var usesTLS: Bool { flag("ssl_enabled") ?? false }
}
