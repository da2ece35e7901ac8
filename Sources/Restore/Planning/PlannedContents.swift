package import SnapshotModel

/// What of a snapshot a restore would bring, by database and by type, before those that have expired.
///
/// Statistics count databases and types apart: a filter on the one leaves the other's counts uncertain.
package struct PlannedContents: Codable, Hashable, Sendable {
    /// Keys of one source database, and where they go.
    package struct Database: Codable, Hashable, Sendable {
        package var source: UInt32
        package var destination: UInt32
        package var keyCount: UInt64
        package var expiringKeyCount: UInt64
    }

    /// Keys of one type: "hash", "module:MBbloom--".
    package struct ValueType: Codable, Hashable, Sendable {
        package var name: String
        package var keyCount: UInt64
        package var bodyByteCount: UInt64
    }

    /// Ascending.
    package let databases: [Database]
    /// The most keys first.
    package let types: [ValueType]
    /// Whether there are exactly as many keys, as a type filter and patterns would change.
    package let areDatabasesExact: Bool
    /// The same of the types, as a database filter and patterns would change.
    package let areTypesExact: Bool
    /// Function libraries.
    package let functionLibraryCount: UInt64

    package init(_ manifest: Manifest, _ options: RestoreOptions) {
        let statistics = manifest.statistics
        databases = RestorePlan.mappings(manifest, options).map { mapping in
            let counts = statistics.databases[Int(mapping.source)] ?? .init()
            return Database(
                source: mapping.source,
                destination: mapping.destination,
                keyCount: counts.keyCount,
                expiringKeyCount: counts.expiringKeyCount
            )
        }
        types = statistics.types
            .filter { name, _ in options.types.isEmpty || options.types.contains(String(name.prefix { $0 != ":" })) }
            .map { ValueType(name: $0, keyCount: $1.keyCount, bodyByteCount: $1.bodyByteCount) }
            .sorted { ($1.keyCount, $0.name) < ($0.keyCount, $1.name) }
        areDatabasesExact = options.types.isEmpty && !options.filtersByName
        areTypesExact = options.databases.isEmpty && !options.filtersByName
        functionLibraryCount = RecordFilter.wantsFunctions(options) ? statistics.functionLibraryCount : 0
    }

    /// The data types of modules among them, "MBbloom--".
    package var moduleTypes: [String] {
        types.compactMap { $0.name.hasPrefix("module:") ? String($0.name.dropFirst("module:".count)) : nil }.sorted()
    }
}
