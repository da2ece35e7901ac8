package import NIOCore

/// Takes commands out of what a client sends: arrays of bulk strings, or words on a line ("inline", as replicas up to
/// Redis 6.0 shake hands).
///
/// Empty lines, with which a replica shows that it is alive, are skipped.
package struct CommandReader: Sendable {
    private static let arrayMarker = UInt8(ascii: "*")
    private static let lineFeed = UInt8(ascii: "\n")

    private var parser = RESPParser()

    package init() {}

    /// The words of the next whole command; nil if more bytes are needed.
    ///
    /// - Throws: `RESPError` for what is no command; nothing can be read after it
    package mutating func next(_ input: inout ByteBuffer) throws(RESPError) -> [String]? {
        while parser.isIdle, let first = input.getInteger(at: input.readerIndex, as: UInt8.self) {
            if first == Self.arrayMarker { break }
            guard let words = try line(&input) else { return nil }
            if !words.isEmpty { return words }
        }
        guard let command = try parser.next(&input) else { return nil }
        guard let words = command.elements?.map({ $0.text ?? "" }) else {
            throw .malformedLine(offset: parser.offset)
        }
        return words
    }

    private func line(_ input: inout ByteBuffer) throws(RESPError) -> [String]? {
        let view = input.readableBytesView
        guard let end = view.firstIndex(of: Self.lineFeed) else {
            guard view.count <= RESPTokenizer.lineByteLimit else { throw .lineTooLong(offset: parser.offset) }
            return nil
        }
        let text = String(decoding: view[..<end], as: UTF8.self)
        input.moveReaderIndex(to: end + 1)
        return text.split(whereSeparator: \.isWhitespace).map { String($0) }
    }
}
