import NIOCore
import RDB
import Restore
import SnapshotModel
import Testing

@Suite struct OptionTests {
    @Test func `a database mapping is one number or two`() {
        #expect(DatabaseMapping("3") == DatabaseMapping(source: 3, destination: 3))
        #expect(DatabaseMapping("3:5") == DatabaseMapping(source: 3, destination: 5))
        for text in ["", ":", "3:", ":5", "a", "1:2:3", "-1", "4294967296"] { #expect(DatabaseMapping(text) == nil) }
        #expect(DatabaseMapping("3:5")?.description == "3:5")
        #expect(DatabaseMapping("3")?.description == "3")
    }

    @Test func `two databases cannot be merged and none can be named twice`() {
        let merged = [DatabaseMapping(source: 0, destination: 5), DatabaseMapping(source: 5, destination: 5)]
        #expect(DatabaseMapping.contradiction(in: merged)?.contains("merged into database 5") ?? false)
        let twice = [DatabaseMapping(source: 0, destination: 1), DatabaseMapping(source: 0, destination: 2)]
        #expect(DatabaseMapping.contradiction(in: twice)?.contains("named twice") ?? false)
        let swapped = [DatabaseMapping(source: 0, destination: 1), DatabaseMapping(source: 1, destination: 0)]
        #expect(DatabaseMapping.contradiction(in: swapped) == nil)
    }

    @Test func `senseless options are told in words`() {
        var options = RestoreOptions()
        #expect(options.contradiction == nil)
        options.types = ["string", "text"]
        #expect(options.contradiction?.contains("'text'") ?? false)
        options.types = []
        options.keysPerSecond = 0
        #expect(options.contradiction?.contains("rate") ?? false)
        options.keysPerSecond = nil
        options.bytesPerSecond = 1023
        #expect(options.contradiction?.contains("rate") ?? false)
        options.bytesPerSecond = nil
        options.latencyLimit = .zero
        #expect(options.contradiction?.contains("latency") ?? false)
        options.latencyLimit = .milliseconds(5)
        #expect(options.contradiction == nil)
        options.method = .replication
        #expect(options.contradiction?.contains("--max-latency") ?? false)
        options = RestoreOptions()
        (options.existing, options.flushTarget) = (.skip, true)
        #expect(options.contradiction?.contains("--existing skip") ?? false)
        options.existing = .replace
        #expect(options.contradiction == nil)
        options = RestoreOptions()
        options.flagsHash = ""
        #expect(options.contradiction?.contains("--flags-hash") ?? false)
        options.flagsHash = nil
        options.connectionCount = 65
        #expect(options.contradiction?.contains("connections") ?? false)
    }

    @Test func `the type module wants the values of every module and no others`() {
        var options = RestoreOptions()
        options.types = ["module"]
        let format = PayloadFormat(engine: .redis, rdbVersion: 11)
        let filter = RecordFilter(options) { RDBValueTypes.row(type: $0, format: format)?.name }
        // The id of the data type "ReJSON-RL", version 3, as a length of 64 bits: it stands at the start of the value.
        let id = ByteBuffer(bytes: [0x81, 0x45, 0xE2, 0x52, 0x38, 0x37, 0xE4, 0x4C, 0x03, 0])
        func decision(_ type: UInt8, _ body: ByteBuffer) -> RecordFilter.Decision {
            filter.decide(database: 0, type: type, key: UnsafeRawBufferPointer(start: nil, count: 0)) {
                RDBValueTypes.userName(type: type, body: body, format: format)
            }
        }
        #expect(decision(7, id) == .wanted(database: 0))
        #expect(decision(0, ByteBuffer(bytes: [1, 0x61])) == .unwanted(.type))
        #expect(decision(243, id) == .unwanted(.type), "no type of that number is known")
        options.types = ["string"]
        let strings = RecordFilter(options) { RDBValueTypes.row(type: $0, format: format)?.name }
        let other = strings.decide(database: 0, type: 7, key: UnsafeRawBufferPointer(start: nil, count: 0)) {
            "module:x"
        }
        #expect(other == .unwanted(.type))
    }
}
