package import NIOCore

/// A reply with the number of replies that came before it.
package struct NumberedReply: Hashable, Sendable {
    /// 0 for the first reply.
    package let ordinal: UInt64
    package let value: RESPValue

    package init(ordinal: UInt64, value: RESPValue) {
        self.ordinal = ordinal
        self.value = value
    }
}

/// Counts the replies to a pipeline of commands of which nearly all answer `+OK`.
///
/// A run of `+OK\r\n` is counted straight from the bytes; any other reply is parsed and kept with its ordinal.
package struct ReplyCounter: Sendable {
    /// `+OK\r`, read as a little-endian word; `\n` follows.
    private static let okWord: UInt32 = 0x0D4B_4F2B
    private static let okByteCount = 5

    /// Replies so far.
    package private(set) var count: UInt64 = 0
    private var parser = RESPParser()

    package init() {}

    /// Takes every whole reply from `input`, and appends those that are not `+OK` to `others`.
    package mutating func consume(_ input: inout ByteBuffer, others: inout [NumberedReply]) throws(RESPError) {
        while input.readableBytes > 0 {
            if parser.isIdle, skipOKs(&input) { continue }
            guard let value = try parser.next(&input) else { return }
            if case .push = value { continue }
            if !value.isOK { others.append(NumberedReply(ordinal: count, value: value)) }
            count += 1
        }
    }

    /// Skips the run of `+OK\r\n` at the reader index; false if there is none.
    private mutating func skipOKs(_ input: inout ByteBuffer) -> Bool {
        let run = input.withUnsafeReadableBytes { bytes in
            var index = 0
            while index + Self.okByteCount <= bytes.count,
                bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self).littleEndian == Self.okWord,
                bytes[index + 4] == 0x0A
            {
                index += Self.okByteCount
            }
            return index
        }
        input.moveReaderIndex(forwardBy: run)
        count += UInt64(run / Self.okByteCount)
        return run > 0
    }
}
