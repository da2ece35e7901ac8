package import NIOCore

/// A pattern over keys with exactly the meaning of `KEYS` and `SCAN … MATCH` (redis:src/util.c, stringmatchlen).
///
/// `*` any bytes, `?` one byte, `[abc]`, `[a-z]`, `[^…]` one byte of a class, `\` takes the next byte as it is. A class
/// that is not closed ends with the pattern.
package struct GlobPattern: Hashable, Sendable, CustomStringConvertible {
    /// `*` within `*` is followed no deeper than this; the server gives up there too.
    private static let deepestNesting = 1000

    /// The pattern as it was written.
    package let description: String
    private let pattern: [UInt8]
    /// `*` alone is not matched but skipped by the server: only this way it covers the empty key.
    private let matchesEverything: Bool

    package init(_ text: String) {
        description = text
        pattern = Array(text.utf8)
        matchesEverything = pattern == [asterisk]
    }

    package func matches(_ key: ByteBuffer) -> Bool {
        key.withUnsafeReadableBytes { matches($0) }
    }

    package func matches(_ key: UnsafeRawBufferPointer) -> Bool {
        if matchesEverything { return true }
        return pattern.withUnsafeBytes { pattern in
            var givesUp = false
            return Self.matches(pattern[...], key[...], 0, &givesUp)
        }
    }

    /// `givesUp` tells the callers that no longer stretch for their `*` can help either.
    private static func matches(
        _ wholePattern: Slice<UnsafeRawBufferPointer>,
        _ wholeKey: Slice<UnsafeRawBufferPointer>,
        _ nesting: Int,
        _ givesUp: inout Bool
    ) -> Bool {
        guard nesting <= deepestNesting else { return false }
        var (pattern, key) = (wholePattern, wholeKey)
        while let symbol = pattern.first, let byte = key.first {
            switch symbol {
            case asterisk:
                pattern = pattern.drop { $0 == asterisk }
                if pattern.isEmpty { return true }
                while !key.isEmpty {
                    if matches(pattern, key, nesting + 1, &givesUp) { return true }
                    if givesUp { return false }
                    key.removeFirst()
                }
                givesUp = true
                return false
            case questionMark: pattern.removeFirst()
            case openBracket:
                pattern.removeFirst()
                guard classMatches(&pattern, byte) else { return false }
            case backslash:
                if pattern.count >= 2 { pattern.removeFirst() }
                guard pattern.removeFirst() == byte else { return false }
            default:
                pattern.removeFirst()
                guard symbol == byte else { return false }
            }
            key.removeFirst()
            if key.isEmpty {
                pattern = pattern.drop { $0 == asterisk }
            }
        }
        return pattern.isEmpty && key.isEmpty
    }

    /// Takes a class from behind its `[` to its `]`, or to the end of the pattern, and tells whether `byte` is in it.
    private static func classMatches(_ pattern: inout Slice<UnsafeRawBufferPointer>, _ byte: UInt8) -> Bool {
        let isInverted = pattern.first == caret
        if isInverted { pattern.removeFirst() }
        var isMember = false
        while let symbol = pattern.first {
            pattern.removeFirst()
            if symbol == backslash, let literal = pattern.first {
                pattern.removeFirst()
                isMember = isMember || literal == byte
            } else if symbol == closeBracket {
                break
            } else if pattern.count >= 2, pattern.first == hyphen {
                let end = pattern[pattern.startIndex + 1]
                pattern.removeFirst(2)
                isMember = isMember || contains(byte, from: symbol, to: end)
            } else {
                isMember = isMember || symbol == byte
            }
        }
        return isMember != isInverted
    }

    /// Either end of a range may come first.
    ///
    /// The server compares C's `char`, which has a sign on some machines.
    private static func contains(_ byte: UInt8, from start: UInt8, to end: UInt8) -> Bool {
        let (first, last) = (CChar(truncatingIfNeeded: start), CChar(truncatingIfNeeded: end))
        return (min(first, last)...max(first, last)).contains(CChar(truncatingIfNeeded: byte))
    }
}

private let asterisk = UInt8(ascii: "*")
private let questionMark = UInt8(ascii: "?")
private let openBracket = UInt8(ascii: "[")
private let closeBracket = UInt8(ascii: "]")
private let backslash = UInt8(ascii: "\\")
private let caret = UInt8(ascii: "^")
private let hyphen = UInt8(ascii: "-")
