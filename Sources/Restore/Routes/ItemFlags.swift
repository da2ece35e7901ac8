import NIOCore
import RESP

/// Client flags of the items of a batch, until it is known which of these the target has stored.
///
/// ```
/// HSET <hash> <key> <flags> …        when the batch is answered, for what it has stored
/// ```
struct ItemFlags: Sendable {
    /// Keys and flags as bulk strings.
    private var fields = ByteBuffer()
    /// Which record of the batch a field is of, and where it ends; ascending.
    private var places: [(record: Int, end: Int)] = []
    /// The key of the hash that they go to.
    private var hash = ByteBuffer()

    /// `record` is the item's place in its batch.
    mutating func add(_ flags: UInt64, of key: UnsafeRawBufferPointer, record: Int, to hash: ByteBuffer) {
        fields.writeBulk(ByteBuffer(bytes: key))
        fields.writeBulk(String(flags))
        places.append((record, fields.writerIndex))
        self.hash = hash
    }

    /// The command that keeps the flags of all records but `missing`, ascending, and the number of its fields; nil for none.
    func command(without missing: [Int]) -> (bytes: ByteBuffer, fieldCount: Int)? {
        var rest = missing[...]
        var kept: [Range<Int>] = []
        var start = fields.readerIndex
        for (record, end) in places {
            while let next = rest.first, next < record { rest.removeFirst() }
            if rest.first != record { kept.append(start..<end) }
            start = end
        }
        guard !kept.isEmpty else { return nil }
        var bytes = ByteBuffer()
        bytes.writeCommandHeader(argumentCount: 2 + 2 * kept.count)
        bytes.writeBulk("HSET")
        bytes.writeBulk(hash)
        for range in kept {
            bytes.writeImmutableBuffer(fields.getSlice(at: range.lowerBound, length: range.count) ?? ByteBuffer())
        }
        return (bytes, kept.count)
    }
}
