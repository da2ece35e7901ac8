import GRDB
import SnapshotModel

extension SnapshotCatalog {
    /// One step of bringing the catalog up to the store.
    enum Change: Sendable {
        /// A snapshot with its facts; replaces what was known of it.
        case adopt(StoredSnapshot)
        /// Another fact of a known snapshot.
        case fact(StoredFact)
        /// The snapshot is gone from the store.
        case remove(SnapshotID)
        case run(StoredRun)
        case removeRun(SnapshotID)
    }

    /// Applies changes in one transaction.
    ///
    /// `generation` is the store's afterwards; nil leaves the old one.
    func apply(_ changes: [Change], generation: String?) throws(RepositoryError) {
        try write { database in
            for change in changes {
                switch change {
                case .adopt(let snapshot): try Self.adopt(snapshot, database)
                case .fact(let fact): try Self.add(fact, database)
                case .remove(let id):
                    try database.execute(sql: "DELETE FROM snapshots WHERE id = ?", arguments: [id.text])
                case .run(let run):
                    let sql = "INSERT OR REPLACE INTO runs (id, run) VALUES (?, ?)"
                    try Self.execute(sql, [run.id.text, run.text], database)
                case .removeRun(let id): try Self.execute("DELETE FROM runs WHERE id = ?", [id.text], database)
                }
            }
            if let generation {
                let sql = "INSERT OR REPLACE INTO meta (name, value) VALUES ('generation', ?)"
                try database.execute(sql: sql, arguments: [generation])
            }
        }
    }

    private static func adopt(_ snapshot: StoredSnapshot, _ database: Database) throws {
        let entry = snapshot.entry
        let manifest = snapshot.manifest
        try database.execute(sql: "DELETE FROM snapshots WHERE id = ?", arguments: [entry.id.text])
        try insert(entry, database)
        try execute(
            "INSERT INTO manifests (snapshot, manifest) VALUES (?, ?)",
            [entry.id.text, manifest.text],
            database
        )
        for (name, value) in manifest.manifest.tags {
            try execute(
                "INSERT INTO tags (snapshot, name, value) VALUES (?, ?, ?)",
                [entry.id.text, name, value],
                database
            )
        }
        for part in manifest.manifest.parts { try insert(part, of: entry.id, database) }
        for fact in snapshot.facts { try insert(fact, database) }
    }

    private static func add(_ fact: StoredFact, _ database: Database) throws {
        try insert(fact, database)
        let rows = try Row.fetchAll(
            database,
            sql: "SELECT id, fact FROM facts WHERE snapshot = ?",
            arguments: [fact.snapshot.text]
        )
        let facts = try rows.map { row in
            StoredFact(
                snapshot: fact.snapshot,
                id: try row.decode(String.self, atIndex: 0),
                text: try row.decode(String.self, atIndex: 1)
            )
        }
        let state = SnapshotEntry.State(SnapshotStanding(facts))
        try execute(
            """
            UPDATE snapshots SET deletedAt = ?, purgedAt = ?, verifiedAt = ?, isCorrupt = ?, isSuspicious = ?, \
            heldUntil = ?, drilledAt = ?, lastDrillAt = ?, lastDrillResult = ? WHERE id = ?
            """,
            [
                state.deletedAt?.rawValue, state.purgedAt?.rawValue, state.verifiedAt?.rawValue, state.isCorrupt,
                state.isSuspicious, state.heldUntil?.rawValue, state.drilledAt?.rawValue,
                state.lastDrill?.statedAt.rawValue, state.lastDrill?.result.rawValue, fact.snapshot.text,
            ],
            database
        )
    }

    private static func insert(_ fact: StoredFact, _ database: Database) throws {
        try execute(
            "INSERT OR REPLACE INTO facts (snapshot, id, fact) VALUES (?, ?, ?)",
            [fact.snapshot.text, fact.id, fact.text],
            database
        )
    }

    private static func insert(_ part: PartDescriptor, of id: SnapshotID, _ database: Database) throws {
        try execute(
            """
            INSERT INTO parts (snapshot, number, storedByteCount, rawByteCount, recordCount, blockCount, sha256) \
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                id.text, part.number, Int64(clamping: part.storedByteCount), Int64(clamping: part.rawByteCount),
                Int64(clamping: part.recordCount), Int64(clamping: part.blockCount), part.sha256,
            ],
            database
        )
    }

    private static func insert(_ entry: SnapshotEntry, _ database: Database) throws {
        try execute(
            """
            INSERT INTO snapshots (id, sequence, sourceName, engine, policy, method, instant, startedAt, finishedAt, \
            isPointInTime, keyCount, expiringKeyCount, storedByteCount, rawByteCount, partCount, warningCount, codec, \
            deletedAt, purgedAt, verifiedAt, isCorrupt, isSuspicious, heldUntil, drilledAt, lastDrillAt, \
            lastDrillResult) \
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                entry.id.text, Int64(clamping: entry.sequence), entry.sourceName, entry.engine.rawValue, entry.policy,
                entry.method.rawValue, entry.instant.rawValue, entry.startedAt.rawValue, entry.finishedAt.rawValue,
                entry.isPointInTime, Int64(clamping: entry.keyCount), Int64(clamping: entry.expiringKeyCount),
                Int64(clamping: entry.storedByteCount), Int64(clamping: entry.rawByteCount), entry.partCount,
                entry.warningCount, entry.codec, entry.state.deletedAt?.rawValue, entry.state.purgedAt?.rawValue,
                entry.state.verifiedAt?.rawValue, entry.state.isCorrupt, entry.state.isSuspicious,
                entry.state.heldUntil?.rawValue, entry.state.drilledAt?.rawValue,
                entry.state.lastDrill?.statedAt.rawValue, entry.state.lastDrill?.result.rawValue,
            ],
            database
        )
    }

    private static func execute(_ sql: String, _ arguments: StatementArguments, _ database: Database) throws {
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
    }
}
