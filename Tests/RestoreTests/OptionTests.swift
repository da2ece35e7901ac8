import Restore
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
        options.connectionCount = 65
        #expect(options.contradiction?.contains("connections") ?? false)
    }

    @Test func `the pacer sends what the rate allows and no more`() {
        let start = ContinuousClock.now
        var pacer = RatePacer(keysPerSecond: 1000, start: start)
        #expect(pacer.batchRecordLimit == 100)
        #expect(pacer.moment(toSend: 100) == start)
        #expect(pacer.moment(toSend: 100) == start.advanced(by: .milliseconds(100)))
        #expect(pacer.moment(toSend: 1) == start.advanced(by: .milliseconds(200)))
        #expect(RatePacer(keysPerSecond: 3, start: start).batchRecordLimit == 1)
    }
}
