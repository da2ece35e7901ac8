import NIOCore
import RESP
import Testing

/// Sequences that are taken in one look are what the tokens one by one would be.
struct RESPTokenizerRunTests {
    private static let queued: StaticString = "+QUEUED\r\n"

    @Test func `equal lines are passed over, up to the limit, and no others`() throws {
        var tokenizer = RESPTokenizer()
        var input = ByteBuffer(string: "+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+OK\r\n+QUEUE")
        #expect(tokenizer.skipLines(Self.queued, atMost: 2, &input) == 2)
        #expect(tokenizer.offset == 18)
        #expect(tokenizer.skipLines(Self.queued, atMost: 9, &input) == 1)
        #expect(tokenizer.skipLines(Self.queued, atMost: 9, &input) == 0)
        #expect(try tokenizer.next(&input) == .simpleString(ByteBuffer(string: "OK")))
        #expect(tokenizer.skipLines(Self.queued, atMost: 9, &input) == 0)
        #expect(String(buffer: input) == "+QUEUE")
        #expect(tokenizer.offset == 32)
    }

    @Test(arguments: ["0", "7", "-1", "-2", "1700000000123", "999999999999999999", "-999999999999999999"])
    func `an integer and a string are taken together`(number: String) {
        var tokenizer = RESPTokenizer()
        let text = ":\(number)\r\n$5\r\nva\r\nl\r\n:1\r\n$0\r\n\r\n"
        var input = ByteBuffer(string: text)
        let first = tokenizer.integerAndString(&input)
        #expect(first?.integer == Int64(number))
        #expect(first.map { String(buffer: $0.string) } == "va\r\nl")
        let second = tokenizer.integerAndString(&input)
        #expect(second?.integer == 1)
        #expect(second?.string.readableBytes == 0)
        #expect(input.readableBytes == 0)
        #expect(tokenizer.offset == UInt64(text.utf8.count))
    }

    @Test func `what is not all there is not taken`() {
        let text = Array(":12\r\n$3\r\nabc\r\n".utf8)
        for count in text.indices {
            var tokenizer = RESPTokenizer()
            var input = ByteBuffer(bytes: text[..<count])
            let whole = input
            #expect(tokenizer.integerAndString(&input) == nil)
            #expect(input == whole)
            #expect(tokenizer.offset == 0)
        }
    }

    @Test(
        arguments: [
            "$3\r\nabc\r\n:12\r\n", ":12\r\n:13\r\n", ":12\r\n$-1\r\n", ":12\r\n_\r\n", ":\r\n$1\r\na\r\n",
            ":-\r\n$1\r\na\r\n", ":1x\r\n$1\r\na\r\n", ":1\n\r$1\r\na\r\n", ":1\r\n$1\r\nab\r\n", ":1\r\n$1\r\na\r\r",
            ":1\r\n$9\r\n012345678\r\n", ":1\r\n$\r\n\r\n", ":9999999999999999999\r\n$1\r\na\r\n",
            ":1\r\n$9999999999999999999\r\na\r\n", "-ERR\r\n$1\r\na\r\n", ":+1\r\n$1\r\na\r\n",
        ]
    ) func `what is anything else is not taken`(text: String) {
        var tokenizer = RESPTokenizer(wholeStringLimit: 8)
        var input = ByteBuffer(string: text)
        #expect(tokenizer.integerAndString(&input) == nil)
        #expect(String(buffer: input) == text)
    }

    @Test func `within a string nothing is taken`() throws {
        var tokenizer = RESPTokenizer(wholeStringLimit: 4)
        var input = ByteBuffer(string: "$20\r\n+QUEUED\r\n:1\r\n$1\r\n")
        #expect(try tokenizer.next(&input) == .stringBegins(byteCount: 20))
        #expect(tokenizer.skipLines(Self.queued, atMost: 1, &input) == 0)
        var other = ByteBuffer(string: ":1\r\n$1\r\na\r\n")
        #expect(tokenizer.integerAndString(&other) == nil)
    }
}
