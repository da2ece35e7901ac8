import NIOCore

/// A listpack or a ziplist: elements one behind the other in one blob, read from the front.
protocol PackedList {
    /// `bytes` is the blob from its start; its end mark is found while reading.
    init(_ bytes: ByteBuffer) throws(RDBError)

    /// Goes on where another reader stopped; `rest` starts with an element or the end mark.
    init(rest: ByteBuffer)

    /// What was not read yet.
    var rest: ByteBuffer { get }

    /// The next element, integers as decimal text; nil at the end mark.
    mutating func next() throws(RDBError) -> ByteBuffer?
}

extension PackedList {
    /// All elements in order.
    static func elements(of bytes: ByteBuffer) throws(RDBError) -> [ByteBuffer] {
        var list = try Self(bytes)
        var elements: [ByteBuffer] = []
        while let element = try list.next() { elements.append(element) }
        return elements
    }
}
