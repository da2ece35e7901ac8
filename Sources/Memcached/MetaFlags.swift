package import NIOCore

/// The flags of a meta command's reply: what was asked for, and what the server adds of itself.
///
/// Source: memcached doc/protocol.txt, "Meta Get".
package struct MetaFlags: Hashable, Sendable {
    /// Flags without a value.
    package struct Marks: OptionSet, Hashable, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// `W`: this reading has won the right to renew the item; the server keeps that it was given away.
        package static let won = Marks(rawValue: 1)
        /// `X`: the item was invalidated, its value is what it was before.
        package static let stale = Marks(rawValue: 2)
        /// `Z`: another client was given the right to renew the item.
        package static let winSent = Marks(rawValue: 4)
        /// `b`: the key in the reply is Base64, because the item was stored so.
        package static let base64Key = Marks(rawValue: 8)
    }

    package var marks: Marks = []
    /// `f`: 32 bits, 64 in servers built for that.
    package var clientFlags: UInt64?
    /// `t`: seconds that are left, -1 for an item without expiry.
    package var remainingSeconds: Int64?
    /// `c`.
    package var cas: UInt64?
    /// `l`: seconds since the last access.
    package var idleSeconds: UInt64?
    /// `h`: whether the item had ever been fetched.
    package var wasHit: Bool?
    /// `s`: bytes of the value.
    package var byteCount: UInt64?
    /// `O`, where it is a number: it came with the command.
    package var opaque: UInt64?
    /// `k`, as it was sent: Base64 with the mark for it.
    package var key: ByteBuffer?

    package init() {}

    /// Reads the flags of a line from the cursor on; `start` is the line's place in `source`, which key slices share.
    init(_ cursor: inout LineCursor, at start: Int, of source: ByteBuffer) throws(MemcachedError) {
        cursor.skipSpaces()
        while let flag = cursor.byte {
            cursor.advance()
            switch flag {
            case UInt8(ascii: "f"): clientFlags = try Self.number(cursor.number())
            case UInt8(ascii: "t"): remainingSeconds = try Self.number(cursor.signedNumber())
            case UInt8(ascii: "c"): cas = try Self.number(cursor.number())
            case UInt8(ascii: "l"): idleSeconds = try Self.number(cursor.number())
            case UInt8(ascii: "h"): wasHit = try Self.number(cursor.number()) != 0
            case UInt8(ascii: "s"): byteCount = try Self.number(cursor.number())
            case UInt8(ascii: "k"):
                let range = cursor.word()
                key = source.getSlice(at: start + range.lowerBound, length: range.count)
            case UInt8(ascii: "O"):
                opaque = cursor.number()
                _ = cursor.word()
            case UInt8(ascii: "W"): marks.insert(.won)
            case UInt8(ascii: "X"): marks.insert(.stale)
            case UInt8(ascii: "Z"): marks.insert(.winSent)
            case UInt8(ascii: "b"): marks.insert(.base64Key)
            // What newer servers may add.
            default: _ = cursor.word()
            }
            guard cursor.isAtEnd || cursor.byte == 0x20 else { throw Self.malformed }
            cursor.skipSpaces()
        }
    }

    private static func number<Number>(_ value: Number?) throws(MemcachedError) -> Number {
        guard let value else { throw malformed }
        return value
    }

    private static var malformed: MemcachedError { .malformed(reason: "a flag of a reply that is malformed") }
}
