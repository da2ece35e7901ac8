import Memcached
import NIOCore
import Testing

/// Replies to meta commands.
struct MetaReplyParserTests {
    static let stream =
        "VA 5 f30 t-1 c456 l7 h1 s5 ka:key\r\nva\r\nl\r\nVA 0 f0 t60 c1 l0 h0 kYWJj b W X\r\n\r\nEN\r\nHD\r\nHD Z O12 kk\r\n"
        + "NS\r\nNF\r\nEX c3\r\nMN\r\nERROR\r\nCLIENT_ERROR bad data chunk\r\nSERVER_ERROR object too large for cache\r\n"

    /// Pieces of a large value are put together.
    static func replies(_ pieces: [some Sequence<UInt8>], wholeValueLimit: Int = 1024) throws -> [String] {
        var parser = MetaReplyParser(wholeValueLimit: wholeValueLimit)
        var input = ByteBuffer()
        var texts: [String] = []
        var value = ByteBuffer()
        for piece in pieces {
            input.writeBytes(piece)
            while let reply = try parser.next(&input) {
                switch reply {
                case .value(let flags, let bytes): texts.append("value \(flags) \(String(buffer: bytes))")
                case .largeValue(let flags, let byteCount):
                    value = ByteBuffer()
                    texts.append("value \(flags) ")
                    #expect(byteCount > wholeValueLimit)
                case .piece(let bytes, let isLast):
                    value.writeImmutableBuffer(bytes)
                    if isLast { texts[texts.count - 1] += String(buffer: value) }
                default: texts.append("\(reply)")
                }
            }
        }
        #expect(!parser.isInValue)
        return texts
    }

    @Test func `each reply is what the server said`() throws {
        var parser = MetaReplyParser()
        var input = ByteBuffer(string: Self.stream)
        var replies: [MetaReply] = []
        while let reply = try parser.next(&input) { replies.append(reply) }
        #expect(input.readableBytes == 0)
        var first = MetaFlags()
        first.clientFlags = 30
        first.remainingSeconds = -1
        first.cas = 456
        first.idleSeconds = 7
        first.wasHit = true
        first.byteCount = 5
        first.key = ByteBuffer(string: "a:key")
        var second = MetaFlags()
        second.clientFlags = 0
        second.remainingSeconds = 60
        second.cas = 1
        second.idleSeconds = 0
        second.wasHit = false
        second.key = ByteBuffer(string: "YWJj")
        second.marks = [.base64Key, .won, .stale]
        var third = MetaFlags()
        third.marks = .winSent
        third.opaque = 12
        third.key = ByteBuffer(string: "k")
        var exists = MetaFlags()
        exists.cas = 3
        #expect(
            replies == [
                .value(first, ByteBuffer(string: "va\r\nl")), .value(second, ByteBuffer()), .miss, .done(MetaFlags()),
                .done(third), .notStored(MetaFlags()), .notFound(MetaFlags()), .exists(exists), .noop,
                .error(MetaError(kind: .unknownCommand, text: "ERROR")),
                .error(MetaError(kind: .client, text: "CLIENT_ERROR bad data chunk")),
                .error(MetaError(kind: .server, text: "SERVER_ERROR object too large for cache")),
            ]
        )
    }

    @Test(arguments: [0, 1, 4, 5, 1024]) func `replies cut anywhere are the same`(wholeValueLimit: Int) throws {
        let bytes = Array(Self.stream.utf8)
        let whole = try Self.replies([bytes])
        for cut in 1..<bytes.count {
            let pieces = [bytes[..<cut], bytes[cut...]]
            #expect(try Self.replies(pieces, wholeValueLimit: wholeValueLimit) == whole, "cut at \(cut)")
        }
        #expect(try Self.replies(bytes.map { [$0] }, wholeValueLimit: wholeValueLimit) == whole, "byte by byte")
    }

    @Test(arguments: [
        "VA x\r\n", "VA 5x\r\n12345\r\n", "VA 2 f1\r\nabc\r\n", "VA 99999999999999999999 f1\r\n", "VA 4294967295\r\n",
        "HD fx\r\n", "HD f1x\r\n", "HD t-\r\n", "HD W1\r\n", "STORED\r\n", "+PONG\r\n", "\r\n",
    ]) func `what is no reply is refused`(text: String) {
        #expect(throws: MemcachedError.self) { try Self.replies([Array(text.utf8)]) }
    }

    @Test func `an error never has a key in it`() {
        let text = "some:secret:key 3 4\r\n"
        do {
            _ = try Self.replies([Array(text.utf8)])
            Issue.record("no error")
        } catch {
            #expect(!"\(error)".contains("secret"))
        }
    }
}
