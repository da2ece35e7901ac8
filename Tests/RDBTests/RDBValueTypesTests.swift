import Foundation
import RDB
import SnapshotModel
import Testing

@Suite("the table of value types")
struct RDBValueTypesTests {
    @Test("every readable row has a fixture, and every fixture a row from its version on")
    func fixtures() {
        for row in RDBValueTypes.rows where row.isReadable && !row.refersToTemplate {
            let engine: Engine = row.engines == .valkey ? .valkey : .redis
            let fixture = ValueFixture.of(row.type, engine)
            #expect(fixture?.name == row.name, "type \(row.type)")
            #expect(fixture?.since == row.minimumRDBVersion, "type \(row.type)")
        }
        for fixture in ValueFixture.all where fixture.since > 1 {
            let before = PayloadFormat(engine: fixture.engine, rdbVersion: fixture.since - 1)
            let from = PayloadFormat(engine: fixture.engine, rdbVersion: fixture.since)
            #expect(RDBValueTypes.row(type: fixture.type, format: from) != nil)
            if RDBValueTypes.supports(before) { #expect(RDBValueTypes.row(type: fixture.type, format: before) == nil) }
        }
    }

    @Test("formats between the engines' own are not supported", arguments: [0, 16, 79, 82])
    func formats(version: Int) {
        #expect(!RDBValueTypes.supports(.init(engine: .valkey, rdbVersion: version)))
        #expect(!RDBValueTypes.supports(.init(engine: .redis, rdbVersion: version)))
        #expect(!RDBValueTypes.supports(.init(engine: .memcached, rdbVersion: 11)))
    }

    @Test("the support table of the documentation names every type and opcode")
    func documentation() throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Sources/RDB/RDB.docc/SupportedTypes.md")
        let text = try String(contentsOf: path, encoding: .utf8)
        let lines = text.split(separator: "\n")
        for row in RDBValueTypes.rows {
            let cell = "| \(row.type) | \(row.name) | \(row.encoding) |"
            #expect(lines.contains { $0.hasPrefix(cell) }, "\(cell)")
        }
    }
}
