import NIOCore

/// The live entries of one node of a stream, one after the other (redis:src/t_stream.c, comment at `streamAppendItem`).
///
/// A master entry names the common fields, then come entries with ids relative to the node's key. Flag 1 marks a deleted
/// entry, flag 2 one that has exactly the master's fields.
struct StreamNode {
    private let master: StreamValue.ID
    private var masterFields: [ByteBuffer] = []
    private var entriesLeft: Int
    /// Where the node is read; it may be exchanged for one with more bytes between two entries.
    var listpack: Listpack

    /// Reads up to and including the master entry; `listpack` is the node's blob from its start.
    init(key: ByteBuffer, listpack blob: ByteBuffer) throws(RDBError) {
        var keyReader = RDBBodyReader(key)
        master = try StreamDecoder.binaryIdentifier(&keyReader)
        var listpack = try Listpack(blob)
        entriesLeft = try listpack.nextCount() + listpack.nextCount()
        for _ in 0..<(try listpack.nextCount()) { masterFields.append(try Self.text(&listpack)) }
        guard try listpack.nextInteger() == 0 else { throw Self.damaged }
        self.listpack = listpack
    }

    /// The next live entry; nil at the node's end.
    mutating func next() throws(RDBError) -> StreamValue.Entry? {
        while entriesLeft > 0 {
            entriesLeft -= 1
            if let entry = try entry() { return entry }
        }
        guard try listpack.next() == nil else { throw Self.damaged }
        return nil
    }

    /// The entry at the reader's place; nil for a deleted one.
    private mutating func entry() throws(RDBError) -> StreamValue.Entry? {
        let flags = try listpack.nextInteger()
        let id = StreamValue.ID(
            milliseconds: master.milliseconds &+ UInt64(bitPattern: try listpack.nextInteger()),
            sequence: master.sequence &+ UInt64(bitPattern: try listpack.nextInteger())
        )
        var fields: [(name: ByteBuffer, value: ByteBuffer)] = []
        if flags & 2 != 0 {
            for name in masterFields { fields.append((name, try Self.text(&listpack))) }
        } else {
            for _ in 0..<(try listpack.nextCount()) {
                fields.append((try Self.text(&listpack), try Self.text(&listpack)))
            }
        }
        _ = try listpack.nextInteger()
        return flags & 1 == 0 ? StreamValue.Entry(id: id, fields: fields) : nil
    }

    private static func text(_ listpack: inout Listpack) throws(RDBError) -> ByteBuffer {
        guard let element = try listpack.next() else { throw damaged }
        return element
    }

    private static var damaged: RDBError { .malformed(.streamNode, offset: 0) }
}
