import NIOCore
import SnapshotModel

/// The elements of one packed string, read from views of it that grow from its front.
struct PackedElements: Sendable {
    private let packing: RDBElementLayout.Packing
    private let grouping: RDBElementLayout.Grouping
    /// The node's key, for the entries of a stream.
    private let nodeKey: ByteBuffer
    private var node: StreamNode?
    /// Bytes per integer of an intset, and integers to come.
    private var integers: (width: Int, left: Int) = (0, 0)
    private var isOpen = false

    init(_ packing: RDBElementLayout.Packing, _ grouping: RDBElementLayout.Grouping, nodeKey: ByteBuffer = ByteBuffer())
    {
        self.packing = packing
        self.grouping = grouping
        self.nodeKey = nodeKey
    }

    /// The next element, nil at the end; moves `view`'s reader index behind it.
    ///
    /// `view` begins where the last call stopped. Throws also if the view ends too early: then the call can be repeated
    /// on a copy of this with a longer view.
    mutating func next(_ view: inout ByteBuffer) throws(RDBError) -> RDBElement? {
        defer { isOpen = true }
        switch packing {
        case .listpack: return try next(Listpack.self, &view)
        case .ziplist: return try next(Ziplist.self, &view)
        case .zipmap:
            if !isOpen { try Zipmap.readCount(&view) }
            return try Zipmap.field(&view).map { .field($0.field, value: $0.value, expiry: $0.expiry) }
        case .intset:
            if !isOpen {
                let (width, count) = try Intset.header(&view)
                integers = (width, count)
            }
            guard integers.left > 0 else { return nil }
            integers.left -= 1
            return .item(try Intset.member(&view, width: integers.width))
        case .streamNode: return try nextEntry(&view)
        }
    }

    private func next<List: PackedList>(_: List.Type, _ view: inout ByteBuffer) throws(RDBError) -> RDBElement? {
        var list = isOpen ? List(rest: view) : try List(view)
        defer { view = list.rest }
        guard let first = try list.next() else { return nil }
        if case .item = grouping { return .item(first) }
        guard let second = try list.next() else { throw .malformed(.pairing, offset: UInt64(view.readerIndex)) }
        switch grouping {
        case .item, .field: return .field(first, value: second, expiry: .never)
        case .scored: return .scored(member: first, score: try RDBBodyReader.score(second))
        case .expiringField:
            guard let third = try list.next() else { throw .malformed(.pairing, offset: UInt64(view.readerIndex)) }
            guard let deadline = Int64(String(buffer: third)) else {
                throw .malformed(.number, offset: UInt64(view.readerIndex))
            }
            return .field(first, value: second, expiry: deadline == 0 ? .never : .at(UnixMilliseconds(deadline)))
        }
    }

    private mutating func nextEntry(_ view: inout ByteBuffer) throws(RDBError) -> RDBElement? {
        var node: StreamNode
        if let open = self.node {
            node = open
            node.listpack = Listpack(rest: view)
        } else {
            node = try StreamNode(key: nodeKey, listpack: view)
        }
        let entry = try node.next()
        view = node.listpack.rest
        // What the master entry names stays; the bytes of the view do not.
        node.listpack = Listpack(rest: ByteBuffer())
        self.node = node
        return entry.map { .streamEntry($0.id, fields: $0.fields) }
    }
}
