import GRDB

/// The tables of the catalog.
///
/// A migration that was released is never edited; new ones are appended.
enum CatalogSchema {
    /// "RWRM": tells a catalog from any other SQLite file (PRAGMA application_id).
    static let applicationID: Int32 = 0x5257_524D
    /// The number of migrations below (PRAGMA user_version).
    static let version: Int32 = 3

    static let migrator: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("snapshots, parts, tags, facts") { database in
            try database.execute(sql: firstTables)
        }
        migrator.registerMigration("runs") { database in
            try database.execute(sql: runs)
        }
        // Immediate, so that what belongs to a snapshot goes with it.
        migrator.registerMigration("drills", foreignKeyChecks: .immediate) { database in
            try database.execute(sql: drills)
        }
        return migrator
    }()

    /// Manifests stand in a table of their own, so that a list reads few pages.
    ///
    /// `meta` holds the repository's id and the generation of the store that the catalog is in step with.
    private static let firstTables = """
        CREATE TABLE meta (
            name TEXT PRIMARY KEY NOT NULL,
            value TEXT NOT NULL
        ) STRICT;
        CREATE TABLE snapshots (
            id TEXT PRIMARY KEY NOT NULL,
            sequence INTEGER NOT NULL,
            sourceName TEXT NOT NULL,
            engine TEXT NOT NULL,
            policy TEXT,
            method TEXT NOT NULL,
            instant INTEGER NOT NULL,
            startedAt INTEGER NOT NULL,
            finishedAt INTEGER NOT NULL,
            isPointInTime INTEGER NOT NULL,
            keyCount INTEGER NOT NULL,
            expiringKeyCount INTEGER NOT NULL,
            storedByteCount INTEGER NOT NULL,
            rawByteCount INTEGER NOT NULL,
            partCount INTEGER NOT NULL,
            warningCount INTEGER NOT NULL,
            codec TEXT NOT NULL,
            deletedAt INTEGER,
            purgedAt INTEGER,
            verifiedAt INTEGER,
            isCorrupt INTEGER NOT NULL,
            isSuspicious INTEGER NOT NULL,
            heldUntil INTEGER
        ) STRICT;
        CREATE INDEX snapshotsBySequence ON snapshots (sequence);
        CREATE TABLE manifests (
            snapshot TEXT PRIMARY KEY NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
            manifest TEXT NOT NULL
        ) STRICT;
        CREATE TABLE tags (
            snapshot TEXT NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (snapshot, name)
        ) STRICT;
        CREATE TABLE parts (
            snapshot TEXT NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            storedByteCount INTEGER NOT NULL,
            rawByteCount INTEGER NOT NULL,
            recordCount INTEGER NOT NULL,
            blockCount INTEGER NOT NULL,
            sha256 TEXT NOT NULL,
            PRIMARY KEY (snapshot, number)
        ) STRICT;
        CREATE TABLE facts (
            snapshot TEXT NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
            id TEXT NOT NULL,
            fact TEXT NOT NULL,
            PRIMARY KEY (snapshot, id)
        ) STRICT;
        PRAGMA application_id = \(applicationID);
        PRAGMA user_version = 1;
        """

    /// Runs that left no snapshot, or that retention must remember.
    ///
    /// Without its generation the catalog is compared with the store once, which may hold some already.
    private static let runs = """
        CREATE TABLE runs (
            id TEXT PRIMARY KEY NOT NULL,
            run TEXT NOT NULL
        ) STRICT;
        DELETE FROM meta WHERE name = 'generation';
        PRAGMA user_version = 2;
        """

    /// What drills say about a snapshot.
    ///
    /// A program that did not know drills took their facts for holds; such snapshots are adopted again.
    private static let drills = """
        ALTER TABLE snapshots ADD COLUMN drilledAt INTEGER;
        ALTER TABLE snapshots ADD COLUMN lastDrillAt INTEGER;
        ALTER TABLE snapshots ADD COLUMN lastDrillResult TEXT;
        DELETE FROM snapshots WHERE id IN (SELECT snapshot FROM facts WHERE fact LIKE '%"drilled"%');
        DELETE FROM meta WHERE name = 'generation';
        PRAGMA user_version = 3;
        """
}
