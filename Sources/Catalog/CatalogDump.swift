import GRDB

extension SnapshotCatalog {
    /// All tables as text in one fixed order: equal for catalogs of equal content, byte for byte.
    ///
    /// The generation is left out: it says how the catalog came to be in step, not what it holds.
    package func canonicalDump() throws(RepositoryError) -> String {
        let tables = try canonicalRows()
        return tables.map { table, rows in "[\(table)]\n" + rows.map { $0.text + "\n" }.joined() }.joined()
    }

    /// A row of a dump: its primary key, and all of it as `column=value` in the columns' order.
    struct DumpRow: Hashable, Sendable {
        var key: String
        var text: String
    }

    /// The rows of each table in the order of their keys.
    func canonicalRows() throws(RepositoryError) -> [(table: String, rows: [DumpRow])] {
        let tables = [
            (name: "meta", keyColumnCount: 1, condition: "WHERE name <> 'generation'"),
            (name: "snapshots", keyColumnCount: 1, condition: ""),
            (name: "manifests", keyColumnCount: 1, condition: ""),
            (name: "tags", keyColumnCount: 2, condition: ""),
            (name: "parts", keyColumnCount: 2, condition: ""),
            (name: "facts", keyColumnCount: 2, condition: ""),
            (name: "runs", keyColumnCount: 1, condition: ""),
        ]
        return try read { database in
            try tables.map { table in
                let order = table.keyColumnCount == 1 ? "1" : "1, 2"
                let sql = "SELECT * FROM \(table.name) \(table.condition) ORDER BY \(order)"
                return (table.name, try Row.fetchAll(database, sql: sql).map { Self.dump($0, table.keyColumnCount) })
            }
        }
    }

    private static func dump(_ row: Row, _ keyColumnCount: Int) -> DumpRow {
        let values = row.map { column, value in (column, "\(value)") }
        return DumpRow(
            key: values.prefix(keyColumnCount).map(\.1).joined(separator: " "),
            text: values.map { "\($0.0)=\($0.1)" }.joined(separator: "\t")
        )
    }
}
