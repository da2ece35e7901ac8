import NIOCore
import RDB
import RESP
import SnapshotModel

/// The elements of one value as commands under its temporary key, with what has to be known of them at the end.
struct PieceWriter {
    private enum Form {
        case string(StringPieces)
        case elements(TypeCommandWriter)
    }

    private let key: ByteBuffer
    private let resolver: DeadlineResolver
    private let largestArgumentByteCount: Int
    private var form: Form
    /// Elements written; bytes of a string.
    private(set) var count: UInt64 = 0
    /// Fields left out because their deadline has passed.
    private(set) var droppedCount: UInt64 = 0
    /// Whether any field was written with a deadline: the target may have fewer by now.
    private(set) var hasFieldDeadlines = false
    /// The latest deadline of a field in Unix milliseconds; nil as soon as one has none.
    private var latestFieldEnd: Int64? = 0

    /// `stringByteCount` is that of a plain string.
    init(
        temporary: TemporaryKey,
        kind: RDBElement.Kind,
        stringByteCount: UInt64?,
        dialect: TypeCommandDialect,
        resolver: DeadlineResolver
    ) {
        key = temporary.name
        self.resolver = resolver
        largestArgumentByteCount = dialect.largestArgumentByteCount
        form =
            kind == .string
            ? .string(StringPieces(key: key, byteCount: stringByteCount))
            : .elements(TypeCommandWriter(key: key, kind: kind, dialect: dialect))
    }

    /// When the last field is gone, and the key with it; 0 for never.
    var fieldEnd: Int64 { hasFieldDeadlines ? latestFieldEnd ?? 0 : 0 }

    /// Why the value cannot be written as it is; nil if it can.
    func obstacle(typeName: String) -> RestoreReason? {
        guard case .elements(let writer) = form else { return nil }
        if writer.oversizedElementCount > 0 { return .tooLarge(typeName) }
        return writer.lostDeadlineCount > 0 ? .fieldDeadlines(typeName) : nil
    }

    /// Adds an element; `now` is the target's clock.
    mutating func append(_ element: RDBElement, now: UnixMilliseconds) {
        switch form {
        case .string(var pieces):
            guard case .stringPart(let part) = element else { return }
            pieces.append(part)
            count += UInt64(part.readableBytes)
            form = .string(pieces)
        case .elements(var writer):
            // Moved out meanwhile, so that its buffers are not copied.
            form = .string(StringPieces(key: key, byteCount: nil))
            defer { form = .elements(writer) }
            if case .field(let name, let value, let expiry) = element {
                guard let resolved = resolve(expiry, now) else { return droppedCount += 1 }
                writer.append(.field(name, value: value, expiry: resolved))
            } else {
                writer.append(element)
            }
            if case .streamEnd = element { return }
            count += 1
        }
    }

    /// The deadline of a field as the mode wants it; nil if it has passed.
    private mutating func resolve(_ expiry: Expiry, _ now: UnixMilliseconds) -> Expiry? {
        guard case .at(let stored) = expiry, case .at(let deadline) = resolver.fieldExpiry(stored) else {
            latestFieldEnd = nil
            return .never
        }
        guard deadline > now else { return nil }
        hasFieldDeadlines = true
        latestFieldEnd = latestFieldEnd.map { max($0, deadline.rawValue) }
        return .at(deadline)
    }

    /// After the last element.
    mutating func end() {
        guard case .elements(var writer) = form else { return }
        form = .string(StringPieces(key: key, byteCount: nil))
        writer.end()
        form = .elements(writer)
    }

    /// Bytes of whole commands that were not taken.
    var outputByteCount: Int {
        switch form {
        case .string(let pieces): pieces.output.readableBytes
        case .elements(let writer): writer.output.readableBytes
        }
    }

    /// Commands written since the start.
    var commandCount: Int {
        switch form {
        case .string(let pieces): pieces.commandCount
        case .elements(let writer): writer.commandCount
        }
    }

    mutating func takeOutput() -> ByteBuffer {
        switch form {
        case .string(var pieces):
            let output = pieces.takeOutput()
            form = .string(pieces)
            return output
        case .elements(var writer):
            let output = writer.takeOutput()
            form = .elements(writer)
            return output
        }
    }
}

extension RDBElement.Kind {
    /// The command that tells how many elements a value has, or how many bytes a string.
    var lengthCommand: RESPArgument {
        switch self {
        case .string: "STRLEN"
        case .list: "LLEN"
        case .set: "SCARD"
        case .hash: "HLEN"
        case .sortedSet: "ZCARD"
        case .stream: "XLEN"
        }
    }
}
