import Memcached
package import SnapshotModel

extension UnsupportedCounts {
    /// What has no place in Memcached, of what the options ask for.
    package init(_ manifest: Manifest, _ options: RestoreOptions, _ dialect: ItemDialect) {
        self.init()
        let statistics = manifest.statistics
        let wants = { (type: String) in options.types.isEmpty || options.types.contains(type) }
        let isExact = options.databases.isEmpty && !options.filtersByName
        for (name, counts) in statistics.types.sorted(by: { $0.key < $1.key }) where counts.keyCount > 0 {
            let type = String(name.prefix { $0 != ":" })
            guard type != "string", type != MemcachedItem.typeName, wants(type) else { continue }
            add(Entry(name, isExact ? counts.keyCount : 0, counts.keyCount))
        }
        if options.databases.isEmpty {
            let areAll = options.types.isEmpty && !options.filtersByName
            for (database, counts) in statistics.databases.sorted(by: { $0.key < $1.key })
            where database != 0 && counts.keyCount > 0 {
                add(Entry("keys of database \(database)", areAll ? counts.keyCount : 0, counts.keyCount))
            }
        }
        let isWhole = isExact && options.types.isEmpty
        let least: UInt64 = isWhole ? 1 : 0
        if statistics.largestBodyByteCount > UInt64(dialect.largestItemByteCount) {
            let limit = dialect.largestItemByteCount
            // No more of them fit into all the bytes that there are.
            let byteCount = statistics.types.values.reduce(0) { $0 + $1.bodyByteCount }
            let most = min(statistics.keyCount, max(1, byteCount / UInt64(max(1, limit))))
            add(Entry("values of more than \(limit) bytes", least, most))
        }
        if statistics.largestKeyByteCount > UInt64(KeyForm.maximumKeyByteCount) {
            add(Entry("keys of more than \(KeyForm.maximumKeyByteCount) bytes", least, statistics.keyCount))
        }
        if RecordFilter.wantsFunctions(options) { addFunctionLibraries(statistics.functionLibraryCount) }
    }
}
