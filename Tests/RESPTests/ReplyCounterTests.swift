import NIOCore
import RESP
import Testing

struct ReplyCounterTests {
    private static let stream = Array(
        "+OK\r\n+OK\r\n-ERR a\r\n+OK\r\n:1\r\n+OKAY\r\n$2\r\nOK\r\n*1\r\n+OK\r\n+OK\r\n".utf8
    )
    private static let others: [NumberedReply] = [
        NumberedReply(ordinal: 2, value: .error(RESPErrorReply("ERR a"))),
        NumberedReply(ordinal: 4, value: .integer(1)),
        NumberedReply(ordinal: 5, value: .simpleString(ByteBuffer(string: "OKAY"))),
        NumberedReply(ordinal: 6, value: .string(ByteBuffer(string: "OK"))),
        NumberedReply(ordinal: 7, value: .array([.simpleString(ByteBuffer(string: "OK"))])),
    ]

    @Test func `other replies carry their ordinals however the stream is split`() throws {
        for first in Self.stream.indices {
            for second in first..<Self.stream.count {
                var counter = ReplyCounter()
                var input = ByteBuffer()
                var others: [NumberedReply] = []
                for piece in [Self.stream[..<first], Self.stream[first..<second], Self.stream[second...]] {
                    input.writeBytes(piece)
                    try counter.consume(&input, others: &others)
                }
                guard counter.count == 9, others == Self.others else {
                    Issue.record("split at \(first) and \(second): \(counter.count), \(others)")
                    return
                }
            }
        }
    }

    @Test func `a push message is no reply`() throws {
        var counter = ReplyCounter()
        var input = ByteBuffer(string: "+OK\r\n>1\r\n+x\r\n+OK\r\n")
        var others: [NumberedReply] = []
        try counter.consume(&input, others: &others)
        #expect(counter.count == 2)
        #expect(others.isEmpty)
    }

    @Test func `garbage after a run of OKs is an error`() {
        var counter = ReplyCounter()
        var input = ByteBuffer(string: "+OK\r\n+OK\r\n?")
        var others: [NumberedReply] = []
        #expect(throws: RESPError.self) { try counter.consume(&input, others: &others) }
        #expect(counter.count == 2)
    }
}
