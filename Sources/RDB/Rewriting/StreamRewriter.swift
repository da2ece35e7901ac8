import NIOCore

/// Writes streams as an older version of their type: entries and pending entries byte for byte, what the older version
/// has no place for left out.
///
/// The layouts stand at `RDBGrammar`; a stream of any version has the same nodes.
struct StreamRewriter {
    /// What version 1 to 5 of the layout the body has, and which it gets.
    private let source: Int
    private let destination: Int
    private var reader: RDBBodyReader
    private var losses: PayloadLosses = []

    /// Appends the body of `type` in the form; of a stream that has what the form has not, it says what.
    static func write(
        _ body: ByteBuffer,
        type: UInt8,
        as form: PayloadForm,
        into output: inout ByteBuffer
    ) throws(RDBError) -> PayloadLosses {
        guard let source = version(of: type), let destination = version(of: form.type) else {
            throw .malformed(.alternative, offset: 0)
        }
        var rewriter = Self(source: source, destination: destination, reader: RDBBodyReader(body.slice()))
        try rewriter.write(into: &output)
        return rewriter.losses
    }

    private static func version(of type: UInt8) -> Int? {
        switch type {
        case 15: 1
        case 19: 2
        case 21: 3
        case 26: 4
        case 27: 5
        default: nil
        }
    }

    private mutating func write(into output: inout ByteBuffer) throws(RDBError) {
        let nodes = try copied { reader throws(RDBError) in
            for _ in 0..<(try reader.count()) { _ = (try reader.string(), try reader.string()) }
        }
        output.writeImmutableBuffer(nodes)
        let length = try reader.length()
        RDBLength.write(length, into: &output)
        output.writeImmutableBuffer(try identifier())
        if source >= 2 { try writeCounters(length: length, into: &output) }
        let groupCount = try reader.count()
        RDBLength.write(UInt64(groupCount), into: &output)
        for _ in 0..<groupCount { try writeGroup(into: &output) }
        if source >= 4 { try passProducers() }
        guard reader.isAtEnd else { throw reader.damaged(.trailingBytes) }
    }

    /// First id, greatest deleted id, entries added; without them a server takes the length for the last.
    private mutating func writeCounters(length: UInt64, into output: inout ByteBuffer) throws(RDBError) {
        let first = try identifier()
        let deletedParts = (try reader.length(), try reader.length())
        let added = try reader.length()
        guard destination >= 2 else {
            if deletedParts != (0, 0) || added != length { losses.insert(.streamCounters) }
            return
        }
        output.writeImmutableBuffer(first)
        RDBLength.write(deletedParts.0, into: &output)
        RDBLength.write(deletedParts.1, into: &output)
        RDBLength.write(added, into: &output)
    }

    private mutating func writeGroup(into output: inout ByteBuffer) throws(RDBError) {
        let head = try copied { reader throws(RDBError) in
            _ = (try reader.string(), try reader.length(), try reader.length())
        }
        output.writeImmutableBuffer(head)
        if source >= 2 {
            let entriesRead = try reader.length()
            if destination >= 2 {
                RDBLength.write(entriesRead, into: &output)
            } else if entriesRead != .max {
                losses.insert(.streamCounters)
            }
        }
        var pending: [ByteBuffer] = []
        for _ in 0..<(try reader.count()) {
            let entry = try copied { reader throws(RDBError) in _ = (try reader.raw(24), try reader.length()) }
            pending.append(entry)
        }
        var consumers = ByteBuffer()
        let consumerCount = try reader.count()
        for _ in 0..<consumerCount { try writeConsumer(into: &consumers) }
        if source >= 5, destination < 5 {
            var unowned: Set<ByteBuffer> = []
            for _ in 0..<(try reader.count()) { unowned.insert(try reader.raw(16)) }
            if !unowned.isEmpty {
                // A server that finds a pending entry without a consumer breaks sooner or later.
                losses.insert(.unownedEntries)
                pending.removeAll { $0.getSlice(at: $0.readerIndex, length: 16).map(unowned.contains) ?? false }
            }
        }
        RDBLength.write(UInt64(pending.count), into: &output)
        for entry in pending { output.writeImmutableBuffer(entry) }
        RDBLength.write(UInt64(consumerCount), into: &output)
        output.writeImmutableBuffer(consumers)
    }

    private mutating func writeConsumer(into output: inout ByteBuffer) throws(RDBError) {
        let head = try copied { reader throws(RDBError) in _ = (try reader.string(), try reader.raw(8)) }
        output.writeImmutableBuffer(head)
        if source >= 3 {
            let activeAt = try reader.raw(8)
            if destination >= 3 { output.writeImmutableBuffer(activeAt) } else { losses.insert(.consumerTimes) }
        }
        let entries = try copied { reader throws(RDBError) in
            for _ in 0..<(try reader.count()) { _ = try reader.raw(16) }
        }
        output.writeImmutableBuffer(entries)
    }

    private mutating func passProducers() throws(RDBError) {
        _ = (try reader.length(), try reader.length())
        let count = try reader.count()
        if count > 0 { losses.insert(.producers) }
        for _ in 0..<count {
            _ = try reader.string()
            for _ in 0..<(try reader.count()) { _ = (try reader.string(), try reader.length(), try reader.length()) }
        }
        _ = (try reader.length(), try reader.length())
    }

    private mutating func identifier() throws(RDBError) -> ByteBuffer {
        try copied { reader throws(RDBError) in _ = (try reader.length(), try reader.length()) }
    }

    /// What a step passes over, as it stands.
    private mutating func copied(
        _ step: (inout RDBBodyReader) throws(RDBError) -> Void
    ) throws(RDBError) -> ByteBuffer {
        var bytes = reader.bytes
        try step(&reader)
        return bytes.readSlice(length: bytes.readableBytes - reader.bytes.readableBytes) ?? ByteBuffer()
    }
}
