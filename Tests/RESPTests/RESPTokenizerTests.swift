import NIOCore
import RESP
import Testing

struct RESPTokenizerTests {
    @Test func `a string above the limit comes in pieces whatever the split`() throws {
        let stream = Array("*2\r\n$10\r\n0123456789\r\n$3\r\nabc\r\n".utf8)
        for split in stream.indices {
            var tokenizer = RESPTokenizer(wholeStringLimit: 4)
            var input = ByteBuffer()
            var long: [UInt8] = []
            var tokens: [RESPToken] = []
            for piece in [stream[..<split], stream[split...]] {
                input.writeBytes(piece)
                while let token = try tokenizer.next(&input) {
                    if case .stringPiece(let bytes, let isLast) = token {
                        #expect(bytes.readableBytes > 0)
                        long += Array(bytes.readableBytesView)
                        #expect(isLast == (long.count == 10))
                        #expect(tokenizer.isInsideString == !isLast)
                    } else {
                        tokens.append(token)
                    }
                }
            }
            #expect(long == Array("0123456789".utf8))
            #expect(
                tokens == [
                    .aggregate(.array, count: 2), .stringBegins(byteCount: 10), .string(ByteBuffer(string: "abc")),
                ]
            )
            #expect(tokenizer.offset == UInt64(stream.count))
        }
    }

    @Test func `a long string without its end is an error`() throws {
        var tokenizer = RESPTokenizer(wholeStringLimit: 4)
        var input = ByteBuffer(string: "$6\r\nabcdefXY")
        #expect(try tokenizer.next(&input) == .stringBegins(byteCount: 6))
        #expect(throws: RESPError.missingTerminator(offset: 10)) { try tokenizer.next(&input) }
    }
}
