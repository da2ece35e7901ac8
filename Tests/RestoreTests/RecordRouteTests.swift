import RDB
import Restore
import SnapshotModel
import TestSupport
import Testing

/// The table of routes, and that the documentation says the same.
@Suite struct RecordRouteTests {
    /// Where the values of newer servers go; the column titles of the table in Versions.md.
    private static let targets: [(name: String, engine: Engine, newest: Int)] = [
        ("Redis 5.0, 6.2", .redis, 9), ("Redis 7.0", .redis, 10), ("Redis 7.2", .redis, 11),
        ("Redis 7.4, 8.0", .redis, 12), ("Redis 8.6", .redis, 13), ("Valkey 7.2 to 8.1", .valkey, 11),
        ("Valkey 9.0", .valkey, 80),
    ]

    private static func word(_ route: RecordRoute) -> String {
        switch route {
        case .restore(let version): "as it is (\(version))"
        case .rewrite(.plainHash): "as type 4 (6)"
        case .rewrite(let form): "as type \(form.type) (\(form.rdbVersion))"
        case .metadata: "without"
        case .item: "as a string"
        case .typeCommands: "by commands"
        case .unsupported: "stays out"
        }
    }

    /// The table in Versions.md, made from the code's.
    private static func table() -> [String] {
        var lines = ["| type | of | " + targets.map(\.name).joined(separator: " | ") + " |"]
        lines.append("|" + String(repeating: "---|", count: targets.count + 2))
        for row in RDBValueTypes.rows where row.isReadable && !row.refersToTemplate {
            let engine: Engine = row.engines == .valkey ? .valkey : .redis
            let newest = engine == .valkey ? RDBValueTypes.newestValkeyVersion : RDBValueTypes.newestRedisVersion
            let source = PayloadFormat(engine: engine, rdbVersion: newest)
            let words = targets.map { word(RecordRoutes(from: source, to: $0.engine, newest: $0.newest)[row.type]) }
            lines.append("| \(row.type) | \(row.name), \(row.encoding) | " + words.joined(separator: " | ") + " |")
        }
        return lines
    }

    @Test func `the table of the documentation is that of the code`() throws {
        let article = try ProjectFile.read("Sources/Operations/Operations.docc/Versions.md")
        let documented = article.lines.drop { !$0.hasPrefix("| type | of |") }.prefix { $0.hasPrefix("|") }
        #expect(documented.map(String.init) == Self.table(), "the code's:\n\(Self.table().joined(separator: "\n"))")
    }

    @Test func `to its own version everything goes as it is`() {
        for (engine, newest) in [(.redis, 9), (.redis, 10), (.redis, 15), (.valkey, 11), (.valkey, 81)]
            as [(Engine, Int)]
        {
            let format = PayloadFormat(engine: engine, rdbVersion: newest)
            let routes = RecordRoutes(asTheyAre: format)
            #expect(routes.isDirect)
            #expect(routes.limits.isEmpty)
            for row in RDBValueTypes.rows where RDBValueTypes.row(type: row.type, format: format) == row {
                guard row.isReadable, !row.refersToTemplate else { continue }
                #expect(routes[row.type] == .restore(version: UInt16(max(6, row.minimumRDBVersion))), "\(row)")
            }
        }
    }

    @Test func `a server without RESTORE gets every value that has elements by commands`() {
        let format = PayloadFormat(engine: .redis, rdbVersion: 10)
        let routes = RecordRoutes(from: format, to: .redis, newest: 10, takesPayloads: false)
        for type: UInt8 in [0, 2, 4, 5, 11, 16, 17, 18, 19] { #expect(routes[type] == .typeCommands) }
        #expect(routes[7] == .unsupported)
    }

    @Test func `modules are kept from servers that would end of them`() {
        let format = PayloadFormat(engine: .redis, rdbVersion: 13)
        #expect(RecordRoutes(from: format, to: .redis, newest: 9, takesModules: false)[7] == .unsupported)
        #expect(RecordRoutes(from: format, to: .redis, newest: 9)[7] == .restore(version: 8))
        var target = TargetFacts(address: "a", engine: .redis, version: "6.0.16")
        target.newestRDBVersion = 9
        #expect(RecordRoutes(format, target)[7] == .unsupported)
        target.moduleNames = ["bf"]
        #expect(RecordRoutes(format, target)[7] == .restore(version: 8))
        target.moduleNames = []
        target.version = "6.2.0"
        #expect(RecordRoutes(format, target)[7] == .restore(version: 8))
    }

    @Test func `metadata of keys stay where nobody knows them`() {
        let format = PayloadFormat(engine: .redis, rdbVersion: 13)
        #expect(RecordRoutes(from: format, to: .redis, newest: 13)[243] == .restore(version: 13))
        #expect(RecordRoutes(from: format, to: .redis, newest: 12)[243] == .metadata(isKept: false))
        #expect(RecordRoutes(from: format, to: .valkey, newest: 80)[243] == .metadata(isKept: false))
    }
}
