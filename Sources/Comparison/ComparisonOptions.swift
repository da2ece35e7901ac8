package import Restore
import Transport

/// What of two sides is compared, and how exactly.
package struct ComparisonOptions: Sendable {
    /// Keys must match one of these, if there are any.
    package var match: [GlobPattern] = []
    /// Keys must match none of these.
    package var exclude: [GlobPattern] = []
    /// Names of types as restore knows them; a key counts if it has one of them on either side.
    ///
    /// Empty means all.
    package var types: Set<String> = []
    /// Databases of the left side and those of the right side that they are held against; empty means all, each
    /// against itself.
    package var databases: [DatabaseMapping] = []
    /// Deadlines that are apart by at most so many milliseconds count as equal.
    package var deadlineTolerance: Int64 = 0
    /// Only keys of these slots, each range [first, last]: those that a node of a cluster answers for.
    ///
    /// Nil means all.
    package var slotRanges: [[UInt16]]?
    /// Whether the CAS of an item of Memcached must be the same: only where a server keeps what it is told.
    package var comparesCAS = false

    package init() {}

    /// What makes the options senseless in themselves, as a sentence for a usage error; nil if nothing does.
    package var contradiction: String? {
        if let unknown = types.sorted().first(where: { !RestoreOptions.typeNames.contains($0) }) {
            return "'\(unknown)' is no type; known are \(RestoreOptions.typeNames.joined(separator: ", "))"
        }
        return DatabaseMapping.contradiction(in: databases)
    }

    /// Function libraries have no key: they are compared unless the options choose some keys.
    package var comparesLibraries: Bool {
        if !types.isEmpty { return types.contains("function") }
        return match.isEmpty && databases.isEmpty
    }

    /// Where the other side has the keys of a database of the left one; nil if they are not wanted.
    package func rightDatabase(of left: UInt32) -> UInt32? {
        databases.isEmpty ? left : databases.first { $0.source == left }?.destination
    }

    /// Whether keys of a database of the right side are wanted.
    package func wants(rightDatabase right: UInt32) -> Bool {
        databases.isEmpty || databases.contains { $0.destination == right }
    }

    package func wants(key: UnsafeRawBufferPointer) -> Bool {
        if let slotRanges {
            let slot = HashSlot.of(key)
            guard slotRanges.contains(where: { $0.first ?? 0 <= slot && slot <= $0.last ?? 0 }) else { return false }
        }
        if !match.isEmpty, !match.contains(where: { $0.matches(key) }) { return false }
        return !exclude.contains { $0.matches(key) }
    }

    /// A module's name stands behind a colon.
    func wants(typeName: String) -> Bool {
        types.isEmpty || types.contains(String(typeName.prefix { $0 != ":" }))
    }
}

/// Which databases of a side are read, and what they are called in the comparison: as on the right side.
package enum ComparisonSideRole: Sendable {
    case left
    case right

    /// The number in the comparison of a database of this side; nil if it is not wanted.
    package func database(_ own: UInt32, _ options: ComparisonOptions) -> UInt32? {
        switch self {
        case .left: options.rightDatabase(of: own)
        case .right: options.wants(rightDatabase: own) ? own : nil
        }
    }
}
