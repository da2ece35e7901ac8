import NIOCore
import RESP

extension FuzzTarget {
    /// Replies: split anywhere they give the same values or the same error, in pieces the same strings, and the
    /// counter counts as many.
    static let resp = FuzzTarget(name: "resp") { bytes in
        let whole = RESPRun([bytes[...]])
        for way in Splits(bytes).ways {
            let split = RESPRun(way)
            try FuzzFinding.unless(split == whole, "split as \(way.map(\.count)): \(split) against \(whole)")
        }
        let tokens = try RESPRun.tokens(bytes, wholeStringLimit: .max)
        let pieces = try RESPRun.tokens(bytes, wholeStringLimit: 3)
        try FuzzFinding.unless(tokens == pieces, "in pieces: \(pieces) against \(tokens)")
        let counted = RESPRun.count(bytes)
        try FuzzFinding.unless(counted == whole.replyCount, "counted \(counted) replies, parsed \(whole.replyCount)")
    }
}

/// What came of parsing replies.
///
/// Values are compared by their text: not a number is not equal to itself.
private struct RESPRun: Equatable, CustomStringConvertible {
    private var values: [String] = []
    /// Values but pushes, which answer nothing.
    private(set) var replyCount = 0
    private var error: RESPError?
    private var offset: UInt64 = 0

    var description: String { "\(values) \(error.map { "\($0)" } ?? "") at \(offset)" }

    init(_ pieces: [ArraySlice<UInt8>]) {
        var parser = RESPParser()
        var input = ByteBuffer()
        do throws(RESPError) {
            for piece in pieces {
                input.writeBytes(piece)
                while let value = try parser.next(&input) {
                    values.append(Self.text(value))
                    if case .push = value { continue }
                    replyCount += 1
                }
            }
        } catch {
            self.error = error
        }
        if error == nil { offset = parser.offset }
    }

    /// All of a value's bytes; the description of a buffer has only some of them.
    private static func text(_ value: RESPValue) -> String {
        if let elements = value.elements { return "[" + elements.map(text).joined(separator: ",") + "]" }
        if let bytes = value.bytes { return "\(Array(bytes.readableBytesView))" }
        return "\(value)"
    }

    /// The tokens as text, pieces of a string put together; those before an error, if there is one.
    static func tokens(_ bytes: [UInt8], wholeStringLimit: Int) throws -> [String] {
        var tokenizer = RESPTokenizer(wholeStringLimit: wholeStringLimit)
        var input = ByteBuffer(bytes: bytes)
        var texts: [String] = []
        var string = ByteBuffer()
        while let token = try? tokenizer.next(&input) {
            switch token {
            case .stringBegins: string.clear()
            case .stringPiece(let piece, let isLast):
                try FuzzFinding.unless(piece.readableBytes > 0, "an empty piece")
                string.writeImmutableBuffer(piece)
                if isLast { texts.append("string \(Array(string.readableBytesView))") }
            case .string(let bytes): texts.append("string \(Array(bytes.readableBytesView))")
            default: texts.append("\(token)")
            }
        }
        return texts
    }

    static func count(_ bytes: [UInt8]) -> Int {
        var counter = ReplyCounter()
        var input = ByteBuffer(bytes: bytes)
        var others: [NumberedReply] = []
        try? counter.consume(&input, others: &others)
        return Int(counter.count)
    }
}
