package import NIOCore

/// One step of a reply stream: a whole scalar, the head of an aggregate, or a piece of a long string.
///
/// Byte buffers are slices of the tokenizer's input and keep its storage alive.
package enum RESPToken: Hashable, Sendable {
    /// `+`: a status line without its end.
    case simpleString(ByteBuffer)
    /// `-` and `!`: an error's text, prefix included.
    case error(ByteBuffer)
    /// `:`
    case integer(Int64)
    /// `$`, and `=` without its format: a whole string.
    case string(ByteBuffer)
    /// `$` of more bytes than the tokenizer's `wholeStringLimit`: pieces follow, in all `byteCount` bytes.
    case stringBegins(byteCount: Int)
    /// Some bytes of a string that began; never empty.
    case stringPiece(ByteBuffer, isLast: Bool)
    /// `_`, and the null string and null array of RESP2.
    case null
    /// `#`
    case boolean(Bool)
    /// `,`
    case double(Double)
    /// `(`: the digits.
    case bigNumber(ByteBuffer)
    /// The head of an aggregate; `count` tokens trees follow (for maps and attributes keys and values count singly).
    case aggregate(RESPAggregate, count: Int)
}

/// The kinds of values that hold values.
package enum RESPAggregate: Hashable, Sendable {
    case array
    case set
    case map
    case push
    case attribute
}
