import RDB
package import SnapshotModel

/// Keys and libraries of a snapshot that a target cannot hold, by what they are, as far as statistics tell.
package struct UnsupportedCounts: Codable, Hashable, Sendable {
    /// One sort of value.
    package struct Entry: Codable, Hashable, Sendable {
        /// "hash (listpack with deadlines)", "function".
        package var name: String
        /// How many there are at least, and at most: filters by name, and statistics without encodings, do not tell more.
        package var leastCount: UInt64
        package var mostCount: UInt64

        package init(_ name: String, _ leastCount: UInt64, _ mostCount: UInt64) {
            self.name = name
            self.leastCount = leastCount
            self.mostCount = mostCount
        }

        /// "12", "at least 1" or "at most 40".
        package var countText: String {
            if leastCount == mostCount { return "\(mostCount)" }
            return leastCount > 0 ? "at least \(leastCount)" : "at most \(mostCount)"
        }
    }

    package private(set) var entries: [Entry] = []

    package init() {}

    /// What `routes` have no way for, of what the options ask for.
    package init(_ manifest: Manifest, _ options: RestoreOptions, _ routes: RecordRoutes) {
        let statistics = manifest.statistics
        let isExact = options.databases.isEmpty && !options.filtersByName
        let wants = { (type: String) in options.types.isEmpty || options.types.contains(type) }
        let limit = { (type: UInt8) in
            routes.limit(of: type, keepsFieldDeadlines: options.deadlineMode != .persist)
        }
        if let encodings = statistics.wholeEncodings {
            for (number, counts) in encodings.sorted(by: { $0.key < $1.key }) where counts.keyCount > 0 {
                guard let type = UInt8(exactly: number), let limit = limit(type), wants(limit.typeName) else {
                    continue
                }
                let isCertain = isExact && limit.isForAll
                entries.append(Entry(limit.name, isCertain ? counts.keyCount : 0, counts.keyCount))
            }
            return
        }
        for (name, counts) in statistics.types.sorted(by: { $0.key < $1.key }) where counts.keyCount > 0 {
            let type = String(name.prefix { $0 != ":" })
            let rows = RDBValueTypes.rows.filter {
                $0.name == type && RDBValueTypes.row(type: $0.type, format: manifest.format) == $0
            }
            let limits = rows.compactMap { limit($0.type) }
            guard wants(type), !limits.isEmpty else { continue }
            let isAll = limits.count == rows.count && limits.allSatisfy(\.isForAll)
            entries.append(Entry(name, isAll && isExact ? counts.keyCount : 0, counts.keyCount))
        }
    }

    /// What a stream was found to leave out: exact.
    package init(_ counts: StreamCounts) {
        entries = counts.unknownTypes.sorted { $0.key < $1.key }.map { Entry($0.key, $0.value, $0.value) }
    }

    mutating func add(_ entry: Entry) { entries.append(entry) }

    package mutating func addFunctionLibraries(_ count: UInt64) {
        if count > 0 { entries.append(Entry("function", count, count)) }
    }

    package var isEmpty: Bool { entries.isEmpty }
    /// Whether there may be fewer than the counts say, or none.
    package var isUncertain: Bool { entries.contains { $0.leastCount != $0.mostCount } }
    /// "hash (listpack with deadlines) 12, stream (listpacks, version 3) at most 40".
    package var text: String { entries.map { "\($0.name) \($0.countText)" }.joined(separator: ", ") }
}

extension SnapshotStatistics {
    /// Keys by type number, if all of them were counted so.
    package var wholeEncodings: [Int: TypeCounts]? {
        guard let encodings, encodings.values.reduce(0, { $0 + $1.keyCount }) == keyCount else { return nil }
        return encodings
    }
}
