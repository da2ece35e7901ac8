import Restore
import Testing
import Transport

struct PatienceTests {
    @Test(arguments: [(0, 60), (2_000_000, 60), (64 << 20, 92), (512 << 20, 316)] as [(UInt64, Int64)])
    func `answers are waited for as long as the largest value may take`(byteCount: UInt64, seconds: Int64) throws {
        let options = ConnectionOptions(url: try NodeURL("redis://127.0.0.1"))
        #expect(options.waiting(forValueOf: byteCount).replyTimeout == .seconds(seconds))
    }
}
