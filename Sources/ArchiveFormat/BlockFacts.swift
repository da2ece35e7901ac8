package import SnapshotModel

/// What a block of records turns out to hold when every record of it is read.
package struct BlockFacts: Hashable, Sendable {
    /// Records that begin in the block.
    package private(set) var recordCount = 0
    /// Keys that are not superseded, by database.
    package private(set) var liveKeys: [UInt32: SnapshotStatistics.DatabaseCounts] = [:]
    package private(set) var functionLibraryCount = 0
    package private(set) var moduleAuxiliaryCount = 0
    /// The lowest and the highest database; nil in a block without records.
    package private(set) var databases: ClosedRange<UInt32>?
    /// The first record if it is a further chunk, and the last one if its value goes on.
    package private(set) var leadingChunk: Chunk?
    package private(set) var trailingChunk: Chunk?
    /// Keys that their block's filter does not know.
    package private(set) var keysOutsideFilter = 0
    /// Places of superseded records that are no key's record.
    package private(set) var supersededNonKeys = 0

    /// A chunk of a value that lies in several blocks.
    package struct Chunk: Hashable, Sendable {
        package var position: ChunkPosition
        package var byteCount: Int
    }

    /// Reads every record of `block`.
    ///
    /// `filter` is the block's; nil if it is not known. `superseded` are the ordinals of the block's superseded
    /// records, ascending. Throws `malformed` for records that cannot be; with that check turned off (for tests)
    /// reading just ends there.
    package init(
        reading block: DecodedBlock,
        filter: KeyFilter?,
        superseded: ArraySlice<RecordPlace> = [],
        checks: ArchiveChecks = .all
    ) throws(ArchiveError) {
        var rest = superseded
        var cursor = block.records()
        var counts = DatabaseCounter()
        while let record = try Self.next(&cursor, checks) {
            let isSuperseded = rest.first?.ordinal == record.ordinal
            if isSuperseded { rest = rest.dropFirst() }
            note(record)
            guard record.kind == .key, !record.isContinuation else {
                if isSuperseded { supersededNonKeys += 1 }
                continue
            }
            if !isSuperseded { counts.add(record) }
            if let filter, !filter.mayContain(record.keyHash(in: block.bytes)) { keysOutsideFilter += 1 }
        }
        supersededNonKeys += rest.count
        liveKeys = counts.finished()
    }

    /// Keys that are not superseded.
    package var liveKeyCount: UInt64 { liveKeys.values.reduce(0) { $0 + $1.keyCount } }

    private static func next(
        _ cursor: inout RecordCursor,
        _ checks: ArchiveChecks
    ) throws(ArchiveError) -> RecordLayout? {
        do {
            return try cursor.next()
        } catch {
            guard !checks.contains(.recordLayout) else { throw error }
            return nil
        }
    }

    private mutating func note(_ record: RecordLayout) {
        let range = databases ?? record.database...record.database
        databases = min(range.lowerBound, record.database)...max(range.upperBound, record.database)
        if let position = record.chunk {
            let chunk = Chunk(position: position, byteCount: record.bodyRange.count)
            if !position.isFirst { leadingChunk = chunk }
            if !position.isLast { trailingChunk = chunk }
        }
        guard !record.isContinuation else { return }
        recordCount += 1
        switch record.kind {
        case .key: break
        case .functionLibrary: functionLibraryCount += 1
        case .moduleAuxiliary: moduleAuxiliaryCount += 1
        }
    }
}

/// Counts keys by database; most often many of one database follow each other.
private struct DatabaseCounter {
    private var counts: [UInt32: SnapshotStatistics.DatabaseCounts] = [:]
    private var database: UInt32 = 0
    private var current = SnapshotStatistics.DatabaseCounts()

    mutating func add(_ record: RecordLayout) {
        if record.database != database {
            flush()
            database = record.database
        }
        current.keyCount += 1
        if record.expiry != .never { current.expiringKeyCount += 1 }
    }

    mutating func finished() -> [UInt32: SnapshotStatistics.DatabaseCounts] {
        flush()
        return counts
    }

    private mutating func flush() {
        guard current.keyCount > 0 else { return }
        counts[database, default: .init()].keyCount += current.keyCount
        counts[database, default: .init()].expiringKeyCount += current.expiringKeyCount
        current = .init()
    }
}
