package import NIOCore
package import SnapshotModel

/// Reads a value of any size from pieces of its body, element by element.
///
/// ```
/// append(piece), then next() until nil; and again; at the end finish(), then next() until nil
/// ```
/// In memory are the last piece and what of an element came before it; so an element may have at most
/// ``elementByteLimit`` bytes, and what follows the entries of a stream ``groupsByteLimit``. The parts of a string have
/// no bound but the piece. What it gives out may point into the pieces: who keeps elements keeps them.
package struct RDBElementReader: Sendable {
    /// Bytes of the largest element but a string's part: with the copy that is sent it has to stay within the memory
    /// that a restore may take.
    package static let elementByteLimit = 32 << 20
    /// Bytes of what follows a stream's entries: some 200,000 pending ones.
    package static let groupsByteLimit = 8 << 20

    private enum Stage {
        case start
        case count
        /// Bytes of a plain string to come.
        case string(left: UInt64)
        case units(RDBElementLayout.Unit, left: UInt64)
        case nodes(left: UInt64)
        /// In a packed string, and how many nodes follow it.
        case packed(PackedElements, Place, nodesLeft: UInt64)
        case end
    }

    /// Where the rest of a packed string is.
    private enum Place {
        /// In the pieces: so many bytes.
        case inPieces(left: UInt64)
        /// It was compressed, and is here as a whole.
        case held(ByteBuffer)
    }

    private enum Step {
        case element(RDBElement)
        case goOn
        case needsInput
    }

    package let kind: RDBElement.Kind
    private let layout: RDBElementLayout
    private var stage = Stage.start
    private var window = ByteBuffer()
    private var hasAllInput = false
    private var earliest: Int64 = 0
    /// Bytes of the body before the window.
    private var offset: UInt64 = 0

    /// nil for a type that is not decoded.
    package init?(type: UInt8, format: PayloadFormat) {
        guard let layout = RDBElementLayout(type: type, format: format),
            let kind = RDBValueTypes.row(type: type, format: format).flatMap({ RDBElement.Kind(rawValue: $0.name) })
        else { return nil }
        self.layout = layout
        self.kind = kind
    }

    /// Whether all of the value was given out and nothing follows it.
    package var isFinished: Bool {
        if case .end = stage { window.readableBytes == 0 } else { false }
    }

    /// Adds the next piece of the body.
    package mutating func append(_ piece: ByteBuffer) {
        guard window.readableBytes > 0 else {
            window = piece
            return
        }
        window.discardReadBytes()
        window.writeImmutableBuffer(piece)
    }

    /// Says that there are no further pieces.
    package mutating func finish() {
        hasAllInput = true
    }

    /// The next element; nil if it needs more input, or after the last.
    ///
    /// - Throws: `RDBError` with the place of the element that it could not read; `tooLarge` for one that cannot be held
    package mutating func next() throws(RDBError) -> RDBElement? {
        while true {
            switch try step() {
            case .element(let element): return element
            case .goOn: continue
            case .needsInput: return nil
            }
        }
    }

    private mutating func step() throws(RDBError) -> Step {
        switch stage {
        case .start: return try start()
        case .count:
            guard let count = try attempt({ reader throws(RDBError) in try reader.length() }) else {
                return .needsInput
            }
            if case .counted(let unit) = layout {
                stage = .units(unit, left: count)
            } else {
                stage = .nodes(left: count)
            }
            return .goOn
        case .string(let left): return try stringPart(left)
        case .units(_, left: 0):
            stage = .end
            return .goOn
        case .units(let unit, let left):
            let earliest = earliest
            let element = try attempt { reader throws(RDBError) in try Self.read(unit, &reader, earliest) }
            guard let element else { return .needsInput }
            stage = .units(unit, left: left - 1)
            return .element(element)
        case .nodes(left: 0):
            if case .stream(let variant) = layout { return try streamEnd(variant) }
            stage = .end
            return .goOn
        case .nodes(let left): return try beginNode(nodesLeft: left - 1)
        case .packed(let elements, let place, let nodesLeft): return try nextPacked(elements, place, nodesLeft)
        case .end:
            guard window.readableBytes == 0 else { throw .malformed(.trailingBytes, offset: offset) }
            return .needsInput
        }
    }

    private mutating func start() throws(RDBError) -> Step {
        if case .string = layout { return try startString() }
        if layout.startsWithEarliest {
            let earliest = try attempt { reader throws(RDBError) in try reader.integer(Int64.self) }
            guard let earliest else { return .needsInput }
            self.earliest = earliest
        }
        if case .packed = layout { stage = .nodes(left: 1) } else { stage = .count }
        return .goOn
    }

    // MARK: Strings

    private mutating func startString() throws(RDBError) -> Step {
        /// All of it, unless it is plain: then its length.
        typealias Start = (whole: ByteBuffer?, byteCount: UInt64)
        let start: Start? = try attempt { reader throws(RDBError) in
            reader.startsWithPlainString ? (nil, try reader.length()) : (try reader.string(), 0)
        }
        guard let start else { return .needsInput }
        if start.whole == nil, start.byteCount > 0 {
            stage = .string(left: start.byteCount)
            return .goOn
        }
        stage = .end
        return .element(.stringPart(start.whole ?? ByteBuffer()))
    }

    private mutating func stringPart(_ left: UInt64) throws(RDBError) -> Step {
        let byteCount = Int(min(left, UInt64(window.readableBytes)))
        guard byteCount > 0, let part = window.readSlice(length: byteCount) else {
            if hasAllInput { throw .truncated(offset: offset) }
            return .needsInput
        }
        offset += UInt64(byteCount)
        stage = left == UInt64(byteCount) ? .end : .string(left: left - UInt64(byteCount))
        return .element(.stringPart(part))
    }

    // MARK: Counted elements

    private static func read(
        _ unit: RDBElementLayout.Unit,
        _ reader: inout RDBBodyReader,
        _ earliest: Int64
    ) throws(RDBError) -> RDBElement {
        switch unit {
        case .item: return .item(try reader.string())
        case .field: return .field(try reader.string(), value: try reader.string(), expiry: .never)
        case .textScored: return .scored(member: try reader.string(), score: try reader.textScore())
        case .scored:
            return .scored(
                member: try reader.string(),
                score: Double(bitPattern: try reader.integer(UInt64.self))
            )
        case .expiringField(let isRelative):
            let stored = Int64(clamping: try reader.length())
            let base = isRelative ? earliest - 1 : 0
            let expiry: Expiry =
                stored == 0 ? .never : .at(UnixMilliseconds(base).advanced(byMilliseconds: stored))
            return .field(try reader.string(), value: try reader.string(), expiry: expiry)
        case .valkeyField:
            let (name, value) = (try reader.string(), try reader.string())
            let deadline = try reader.integer(Int64.self)
            return .field(name, value: value, expiry: deadline == -1 ? .never : .at(UnixMilliseconds(deadline)))
        }
    }

    // MARK: Packed elements

    /// What a node turned out to be.
    private enum Node {
        case plain(ByteBuffer)
        case packed(PackedElements, Place)
    }

    private mutating func beginNode(nodesLeft: UInt64) throws(RDBError) -> Step {
        let layout = layout
        let node = try attempt { reader throws(RDBError) in try Self.readNode(layout, &reader) }
        switch node {
        case nil: return .needsInput
        case .plain(let item):
            stage = .nodes(left: nodesLeft)
            return .element(.item(item))
        case .packed(let elements, let place):
            stage = .packed(elements, place, nodesLeft: nodesLeft)
            return .goOn
        }
    }

    /// The start of a node up to the bytes of its packed string.
    private static func readNode(_ layout: RDBElementLayout, _ reader: inout RDBBodyReader) throws(RDBError) -> Node {
        let elements: PackedElements
        switch layout {
        case .packed(let packing, let grouping, _): elements = PackedElements(packing, grouping)
        case .nodes(let packing, let containers):
            if containers {
                // Container 1 is one large element, 2 a listpack (redis:src/quicklist.h).
                let container = try reader.length()
                if container == 1 { return .plain(try reader.string()) }
                guard container == 2 else { throw reader.damaged(.alternative) }
            }
            elements = PackedElements(packing, .item)
        case .stream: elements = PackedElements(.streamNode, .item, nodeKey: try reader.string())
        case .string, .counted: throw reader.damaged(.alternative)
        }
        if reader.startsWithPlainString { return .packed(elements, .inPieces(left: try reader.length())) }
        return .packed(elements, .held(try reader.string()))
    }

    private mutating func nextPacked(
        _ elements: PackedElements,
        _ place: Place,
        _ nodesLeft: UInt64
    ) throws(RDBError) -> Step {
        var left: UInt64 = 0
        var view: ByteBuffer
        switch place {
        case .held(let bytes): view = bytes
        case .inPieces(let count):
            left = count
            let byteCount = Int(min(left, UInt64(window.readableBytes)))
            view = window.getSlice(at: window.readerIndex, length: byteCount) ?? ByteBuffer()
        }
        let isWhole = left <= UInt64(view.readableBytes)
        let viewByteCount = view.readableBytes
        var next = elements
        let element: RDBElement?
        do {
            element = try next.next(&view)
        } catch {
            if isWhole { throw placed(error) }
            if hasAllInput { throw .truncated(offset: offset) }
            try checkHeld(viewByteCount)
            return .needsInput
        }
        var rest = Place.held(view)
        if case .inPieces = place {
            let used = viewByteCount - view.readableBytes
            window.moveReaderIndex(forwardBy: used)
            offset += UInt64(used)
            rest = .inPieces(left: left - UInt64(used))
        }
        if let element {
            stage = .packed(next, rest, nodesLeft: nodesLeft)
            return .element(element)
        }
        guard isWhole, view.readableBytes == 0 else { throw .malformed(.trailingBytes, offset: offset) }
        stage = .nodes(left: nodesLeft)
        return .goOn
    }

    private mutating func streamEnd(_ variant: StreamDecoder.Variant) throws(RDBError) -> Step {
        var reader = RDBBodyReader(window, largestStringByteCount: Self.elementByteLimit)
        do {
            let stream = try StreamDecoder.end(&reader, variant: variant)
            use(reader)
            stage = .end
            return .element(.streamEnd(stream))
        } catch {
            // A count that exceeds what is there is one that is ahead of its input.
            if hasAllInput { throw placed(error) }
            guard window.readableBytes < Self.groupsByteLimit else {
                throw .tooLarge(what: .streamGroups, limit: Self.groupsByteLimit, offset: offset)
            }
            return .needsInput
        }
    }

    // MARK: Input

    /// Reads something small as a whole; nil, and nothing used, if its end is not there yet.
    private mutating func attempt<Value>(
        _ read: (inout RDBBodyReader) throws(RDBError) -> Value
    ) throws(RDBError) -> Value? {
        var reader = RDBBodyReader(window, largestStringByteCount: Self.elementByteLimit)
        do {
            let value = try read(&reader)
            use(reader)
            return value
        } catch {
            guard case .truncated = error, !hasAllInput else { throw placed(error) }
            try checkHeld(window.readableBytes)
            return nil
        }
    }

    private mutating func use(_ reader: RDBBodyReader) {
        let used = window.readableBytes - reader.bytes.readableBytes
        window.moveReaderIndex(forwardBy: used)
        offset += UInt64(used)
    }

    /// Whether more may be held of an element that is not whole yet.
    private func checkHeld(_ byteCount: Int) throws(RDBError) {
        guard byteCount < Self.elementByteLimit else {
            throw .tooLarge(what: .element, limit: Self.elementByteLimit, offset: offset)
        }
    }

    /// An error with the place of the element in the body.
    private func placed(_ error: RDBError) -> RDBError {
        switch error {
        case .malformed(let fault, _): .malformed(fault, offset: offset)
        case .truncated: .truncated(offset: offset)
        case .tooLarge(let what, let limit, _): .tooLarge(what: what, limit: limit, offset: offset)
        default: error
        }
    }
}
