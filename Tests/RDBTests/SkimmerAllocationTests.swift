import NIOCore
import RDB
import TestSupport
import Testing

@Suite("what a skimmer allocates")
struct SkimmerAllocationTests {
    /// Objects for each record; may only be lowered.
    static let largestCount = 0.0

    private static let values: [(type: UInt8, body: [UInt8])] = [
        (0, [5] + Array("value".utf8)),
        // Compressed: 3 bytes for 10.
        (0, [0xC3, 5, 10, 0, 0x61, 0xE0, 0, 0]),
        (16, [8, 8, 0, 0, 0, 1, 0, 1, 0xFF]),
        (2, [2, 1, 0x61, 1, 0x62]),
    ]

    @Test("nothing for a record, whatever its value and attributes", arguments: 0..<4)
    func records(_ index: Int) throws {
        let value = Self.values[index]
        let perRecord = try AllocationCounter.countPerItem { recordCount in
            let stream = RDBBytes.stream("REDIS0011") { bytes in
                for number in 0..<recordCount {
                    // A deadline, then the key and its value.
                    bytes.raw([0xFC, 1, 2, 3, 4, 5, 6, 0, 0])
                    bytes.record(value.type, "key:\(number)", value.body)
                }
            }
            let input = ByteBuffer(bytes: stream)
            return { try Self.skim(input, recordCount: recordCount) }
        }
        #expect(perRecord <= Self.largestCount)
    }

    private static func skim(_ stream: ByteBuffer, recordCount: Int) throws {
        var skimmer = RDBSkimmer(mode: .stream)
        var input = stream
        var output = ByteBuffer()
        output.reserveCapacity(1 << 20)
        var count = 0
        while true {
            switch try skimmer.next(&input, into: &output, outputLimit: 1 << 20) {
            case .endRecord: count += 1
            case .needsInput, .outputFull: throw TestEnvironmentError.failed("the skimmer", "it stopped")
            case .end:
                guard count == recordCount else { throw TestEnvironmentError.failed("the skimmer", "\(count)") }
                return
            default: break
            }
        }
    }
}
