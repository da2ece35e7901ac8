import GRDB
package import SnapshotModel

extension SnapshotCatalog {
    private static let entryColumns = """
        id, sequence, sourceName, engine, policy, method, instant, startedAt, finishedAt, isPointInTime, keyCount, \
        expiringKeyCount, storedByteCount, rawByteCount, partCount, warningCount, codec, deletedAt, purgedAt, \
        verifiedAt, isCorrupt, isSuspicious, heldUntil, drilledAt, lastDrillAt, lastDrillResult
        """

    /// All snapshots, newest first, purged ones included (see `SnapshotEntry.State`).
    package func entries() throws(RepositoryError) -> [SnapshotEntry] {
        try read { database in
            let tags = try Self.tags(database)
            var entries: [SnapshotEntry] = []
            entries.reserveCapacity(try Int.fetchOne(database, sql: "SELECT count(*) FROM snapshots") ?? 0)
            // The newest were mostly written last: put right here, that costs a comparison for each, where SQLite's
            // sorter copies every row.
            let sql = "SELECT \(Self.entryColumns) FROM snapshots ORDER BY rowid DESC"
            let rows = try Row.fetchCursor(database, sql: sql)
            while let row = try rows.next() { entries.append(try Self.entry(row, tags)) }
            entries.sort(by: SnapshotEntry.isNewer)
            return entries
        }
    }

    /// The manifest of a snapshot, or nil if the catalog does not know it.
    package func manifest(_ id: SnapshotID) throws(RepositoryError) -> Manifest? {
        try read { database in
            try String.fetchOne(
                database,
                sql: "SELECT manifest FROM manifests WHERE snapshot = ?",
                arguments: [id.text]
            ).map { try StoredJSON.decode(Manifest.self, from: $0) }
        }
    }

    /// The snapshots that the catalog knows, with the ids of their facts (ascending).
    func knownFactIDs() throws(RepositoryError) -> [SnapshotID: [String]] {
        try read { database in
            var known: [SnapshotID: [String]] = [:]
            for text in try String.fetchAll(database, sql: "SELECT id FROM snapshots") {
                known[try Self.id(text)] = []
            }
            let rows = try Row.fetchCursor(database, sql: "SELECT snapshot, id FROM facts ORDER BY snapshot, id")
            while let row = try rows.next() {
                let id = try Self.id(row.decode(String.self, atIndex: 0))
                known[id, default: []].append(try row.decode(String.self, atIndex: 1))
            }
            return known
        }
    }

    /// The records of runs, ascending by id.
    func runs() throws(RepositoryError) -> [StoredRun] {
        try read { database in
            try Row.fetchAll(database, sql: "SELECT id, run FROM runs ORDER BY id").map { row in
                StoredRun(
                    id: try Self.id(row.decode(String.self, atIndex: 0)),
                    text: try row.decode(String.self, atIndex: 1)
                )
            }
        }
    }

    /// The highest sequence of all snapshots; 0 if there is none.
    func highestSequence() throws(RepositoryError) -> UInt64 {
        try read { database in
            UInt64(clamping: try Int64.fetchOne(database, sql: "SELECT max(sequence) FROM snapshots") ?? 0)
        }
    }

    /// The generation of the store that the catalog is in step with.
    func generation() throws(RepositoryError) -> String? { try meta("generation") }

    func meta(_ name: String) throws(RepositoryError) -> String? {
        try read { try String.fetchOne($0, sql: "SELECT value FROM meta WHERE name = ?", arguments: [name]) }
    }

    /// What SQLite itself finds wrong with the file; empty if it is sound.
    func integrityProblems() throws(RepositoryError) -> [String] {
        try read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }.filter { $0 != "ok" }
    }

    private static func tags(_ database: Database) throws -> [String: [String: String]] {
        var tags: [String: [String: String]] = [:]
        var snapshot = ""
        var pairs: [Tag] = []
        // The tags of a snapshot stand one after the other; those of one policy are the same, and shared.
        var shared: (pairs: [Tag], tags: [String: String]) = ([], [:])
        func finish() {
            guard !pairs.isEmpty else { return }
            if pairs != shared.pairs {
                shared = (pairs, Dictionary(pairs.map { ($0.name, $0.value) }) { _, last in last })
            }
            if let earlier = tags.updateValue(shared.tags, forKey: snapshot) {
                tags[snapshot] = earlier.merging(shared.tags) { _, last in last }
            }
            pairs.removeAll(keepingCapacity: true)
        }
        let rows = try Row.fetchCursor(database, sql: "SELECT snapshot, name, value FROM tags")
        while let row = try rows.next() {
            let owner = try row.decode(String.self, atIndex: 0)
            if owner != snapshot {
                finish()
                snapshot = owner
            }
            let name = try row.decode(String.self, atIndex: 1)
            pairs.append(Tag(name: name, value: try row.decode(String.self, atIndex: 2)))
        }
        finish()
        return tags
    }

    private struct Tag: Equatable {
        var name: String
        var value: String
    }

    private static func entry(_ row: Row, _ tags: [String: [String: String]]) throws -> SnapshotEntry {
        func number(_ index: Int) throws -> Int64 { try row.decode(Int64.self, atIndex: index) }
        func count(_ index: Int) throws -> UInt64 { UInt64(clamping: try number(index)) }
        func instant(_ index: Int) throws -> UnixMilliseconds { UnixMilliseconds(try number(index)) }
        func optionalInstant(_ index: Int) throws -> UnixMilliseconds? {
            try row.decode(Int64?.self, atIndex: index).map { UnixMilliseconds($0) }
        }
        func name<Value: RawRepresentable<String>>(_ index: Int) throws -> Value {
            let text = try row.decode(String.self, atIndex: index)
            guard let value = Value(rawValue: text) else { throw UnreadableValue(text: text) }
            return value
        }
        let idText = try row.decode(String.self, atIndex: 0)
        let lastDrill = try optionalInstant(24).map { statedAt in
            SnapshotEntry.State.LastDrill(statedAt: statedAt, result: try name(25))
        }
        return SnapshotEntry(
            id: try id(idText),
            sequence: try count(1),
            sourceName: try row.decode(String.self, atIndex: 2),
            engine: try name(3),
            policy: try row.decode(String?.self, atIndex: 4),
            method: try name(5),
            instant: try instant(6),
            startedAt: try instant(7),
            finishedAt: try instant(8),
            isPointInTime: try number(9) != 0,
            keyCount: try count(10),
            expiringKeyCount: try count(11),
            storedByteCount: try count(12),
            rawByteCount: try count(13),
            partCount: Int(try number(14)),
            warningCount: Int(try number(15)),
            codec: try row.decode(String.self, atIndex: 16),
            tags: tags[idText] ?? [:],
            state: SnapshotEntry.State(
                deletedAt: try optionalInstant(17),
                purgedAt: try optionalInstant(18),
                verifiedAt: try optionalInstant(19),
                drilledAt: try optionalInstant(23),
                lastDrill: lastDrill,
                isCorrupt: try number(20) != 0,
                isSuspicious: try number(21) != 0,
                heldUntil: try optionalInstant(22)
            )
        )
    }

    static func id(_ text: String) throws -> SnapshotID {
        guard let id = SnapshotID(text) else { throw UnreadableValue(text: text) }
        return id
    }
}

/// A value of the catalog that is not of its kind: the file is damaged.
struct UnreadableValue: Error {
    var text: String
}
