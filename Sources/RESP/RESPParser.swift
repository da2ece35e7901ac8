package import NIOCore

/// Builds whole replies from bytes, incrementally: nil asks for more bytes.
///
/// Attributes are read and dropped.
package struct RESPParser: Sendable {
    /// The deepest nesting of aggregates.
    package static let depthLimit = 32
    /// The most elements that memory is reserved for before they have come.
    private static let reservedElementLimit = 1024

    private struct Frame {
        let kind: RESPAggregate
        var remaining: Int
        var elements: [RESPValue]
    }

    private var tokenizer = RESPTokenizer()
    private var stack: [Frame] = []

    package init() {}

    /// Bytes consumed so far.
    package var offset: UInt64 { tokenizer.offset }

    /// True between replies.
    package var isIdle: Bool { stack.isEmpty }

    /// Takes the next whole reply from `input`; what has been read of an unfinished one is kept inside.
    package mutating func next(_ input: inout ByteBuffer) throws(RESPError) -> RESPValue? {
        while let token = try tokenizer.next(&input) {
            if case .aggregate(let kind, let count) = token {
                guard stack.count < Self.depthLimit else { throw .tooDeep(offset: tokenizer.offset) }
                if count > 0 {
                    var elements: [RESPValue] = []
                    elements.reserveCapacity(min(count, Self.reservedElementLimit))
                    stack.append(Frame(kind: kind, remaining: count, elements: elements))
                    continue
                }
                if kind == .attribute { continue }
            }
            if let value = Self.value(of: token), let whole = close(value) { return whole }
        }
        return nil
    }

    /// Adds a finished value to the innermost aggregate, and closes every aggregate that is full with it.
    private mutating func close(_ value: RESPValue) -> RESPValue? {
        var value = value
        while var frame = stack.popLast() {
            frame.elements.append(value)
            frame.remaining -= 1
            guard frame.remaining == 0 else {
                stack.append(frame)
                return nil
            }
            guard let finished = Self.value(of: frame.kind, frame.elements) else { return nil }
            value = finished
        }
        return value
    }

    private static func value(of kind: RESPAggregate, _ elements: [RESPValue]) -> RESPValue? {
        switch kind {
        case .array: .array(elements)
        case .set: .set(elements)
        case .map: .map(elements)
        case .push: .push(elements)
        case .attribute: nil
        }
    }

    private static func value(of token: RESPToken) -> RESPValue? {
        switch token {
        case .simpleString(let text): .simpleString(text)
        case .error(let text): .error(RESPErrorReply(String(buffer: text)))
        case .integer(let value): .integer(value)
        case .string(let bytes): .string(bytes)
        case .null: .null
        case .boolean(let value): .boolean(value)
        case .double(let value): .double(value)
        case .bigNumber(let digits): .bigNumber(digits)
        case .aggregate(let kind, _): value(of: kind, [])
        // The parser's tokenizer hands on whole strings only.
        case .stringBegins, .stringPiece: nil
        }
    }
}
