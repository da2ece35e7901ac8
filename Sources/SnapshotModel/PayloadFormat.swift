/// Which engine serialised the payloads of an archive.
///
/// Type numbers mean different things in each.
package enum Engine: String, Codable, Hashable, Sendable, CaseIterable {
    case redis
    case valkey
    case memcached
}

/// How payloads are to be read: RDB type numbers are only defined together with engine and version.
package struct PayloadFormat: Codable, Hashable, Sendable {
    package var engine: Engine
    /// The RDB version of the stream's magic or the DUMP footer (Redis 6 to 15, Valkey 11 and 80 up);
    /// 0 where nothing told it, as for an empty scan, and for Memcached.
    package var rdbVersion: Int

    package init(engine: Engine, rdbVersion: Int) {
        self.engine = engine
        self.rdbVersion = rdbVersion
    }
}
