import NIOCore
import Restore
import SnapshotModel
import TestSupport
import Testing

@Suite("what the encoder of commands allocates")
struct RecordEncoderAllocationTests {
    /// Objects for each command; may only be lowered.
    static let largestCount = 0.0

    @Test("nothing for a command, SET or RESTORE", arguments: [UInt8(0), 2])
    func commands(_ type: UInt8) throws {
        let encoder = RecordEncoder(
            CommandDialect(replacesKeys: true, knowsSetDeadline: true, accessUse: .none, rdbVersion: 10)
        )
        let body: [UInt8] = type == 0 ? [3, 0x61, 0x62, 0x63] : [2, 1, 0x61, 1, 0x62]
        let key = Array("some:key".utf8)
        let perCommand = try AllocationCounter.countPerItem { commandCount in
            {
                var output = ByteBuffer()
                output.reserveCapacity(1 << 20)
                for number in 0..<commandCount {
                    key.withUnsafeBytes { key in
                        body.withUnsafeBytes { body in
                            encoder.write(
                                key: key,
                                type: type,
                                body: body,
                                deadline: Int64(number + 1),
                                access: .none,
                                into: &output
                            )
                        }
                    }
                }
            }
        }
        #expect(perCommand <= Self.largestCount)
    }
}
