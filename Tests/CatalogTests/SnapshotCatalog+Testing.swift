import GRDB

@testable import Catalog

extension SnapshotCatalog {
    /// Makes SQLite say SQLITE_FULL soon: the file may grow by four more pages.
    func limitPages() throws {
        try queue.writeWithoutTransaction { database in
            let count = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            try database.execute(sql: "PRAGMA max_page_count = \(count + 4)")
        }
    }
}
