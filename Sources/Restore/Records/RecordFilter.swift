import SnapshotModel

/// Decides which records of a snapshot are wanted, and where they go.
///
/// Types are looked up in a table made once per archive, so that a record costs no string comparison.
package struct RecordFilter: Sendable {
    /// What becomes of a record.
    package enum Decision: Hashable, Sendable {
        /// Goes to this database of the target.
        case wanted(database: UInt32)
        /// Left out by the option of this name.
        case unwanted(RestoreReason)
    }

    private let match: [GlobPattern]
    private let exclude: [GlobPattern]
    private let types: Set<String>
    /// By RDB type number; nil where only the value itself tells its type.
    ///
    /// Empty where all types are wanted.
    private let wantedTypes: [Bool?]
    private let destinations: [UInt32: UInt32]
    private let wantsFunctions: Bool

    /// `typeName` tells the name of an RDB type number in the archive's format, "string" to "stream", "module"; nil for
    /// a number that does not tell it, as that of a key with metadata (Redis 8.6).
    package init(_ options: RestoreOptions, typeName: (UInt8) -> String?) {
        match = options.match
        exclude = options.exclude
        types = options.types
        wantedTypes =
            options.types.isEmpty ? [] : (0...UInt8.max).map { typeName($0).map(options.types.contains) }
        destinations = Dictionary(
            options.databases.map { ($0.source, $0.destination) },
            uniquingKeysWith: { first, _ in first }
        )
        wantsFunctions = Self.wantsFunctions(options)
    }

    /// Where the keys of a source database go; nil if they are not wanted.
    package func destination(of database: UInt32) -> UInt32? {
        destinations.isEmpty ? database : destinations[database]
    }

    /// `nameOfType` is asked only where the type number does not tell enough.
    package func decide(
        database: UInt32,
        type: UInt8,
        key: UnsafeRawBufferPointer,
        nameOfType: () -> String?
    ) -> Decision {
        guard let destination = destination(of: database) else { return .unwanted(.database) }
        guard wantsType(type, nameOfType) else { return .unwanted(.type) }
        if !match.isEmpty, !match.contains(where: { $0.matches(key) }) { return .unwanted(.match) }
        if exclude.contains(where: { $0.matches(key) }) { return .unwanted(.exclude) }
        return .wanted(database: destination)
    }

    @inline(__always)
    private func wantsType(_ type: UInt8, _ nameOfType: () -> String?) -> Bool {
        guard !wantedTypes.isEmpty else { return true }
        // A module's name stands behind a colon.
        return wantedTypes[Int(type)] ?? types.contains(String((nameOfType() ?? "").prefix { $0 != ":" }))
    }

    /// Function libraries belong to no database and have no key: they come along unless the options choose some keys.
    package func decideFunctionLibrary() -> Decision {
        wantsFunctions ? .wanted(database: 0) : .unwanted(.type)
    }

    package static func wantsFunctions(_ options: RestoreOptions) -> Bool {
        if !options.types.isEmpty { return options.types.contains("function") }
        return options.match.isEmpty && options.databases.isEmpty
    }
}
