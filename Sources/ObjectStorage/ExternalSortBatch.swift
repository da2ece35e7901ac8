#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The records of an external sort that are in memory, and their order.
///
/// Owns its memory: all of it is taken at once, and given back by `release` or with the value.
struct ExternalSortBatch: ~Copyable {
    /// What is sorted instead of the records: the first bytes of the key, and where the record lies.
    private struct Entry {
        var prefix: UInt64
        var index: UInt32
    }

    let layout: ExternalSortLayout
    private let capacity: Int
    private var records: UnsafeMutableRawPointer?
    private var order: UnsafeMutableBufferPointer<Entry>
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }
    var isFull: Bool { count == capacity }

    init(layout: ExternalSortLayout, memoryByteCount: Int) {
        self.layout = layout
        // Sorting entries takes up to half of their memory again.
        let perRecord = layout.recordByteCount + MemoryLayout<Entry>.stride * 3 / 2
        capacity = min(max(16, memoryByteCount / perRecord), Int(UInt32.max))
        records = UnsafeMutableRawPointer.allocate(byteCount: capacity * layout.recordByteCount, alignment: 16)
        order = .allocate(capacity: capacity)
    }

    deinit {
        records?.deallocate()
        order.deallocate()
    }

    mutating func append(_ record: UnsafeRawBufferPointer) {
        precondition(record.count == layout.recordByteCount, "every record of a sort has the same size")
        guard let records, let source = record.baseAddress, count < capacity else {
            preconditionFailure("a batch takes records until it is full or released")
        }
        let place = records + count * layout.recordByteCount
        place.copyMemory(from: source, byteCount: layout.recordByteCount)
        order.initializeElement(at: count, to: Entry(prefix: layout.prefix(of: place), index: UInt32(count)))
        count += 1
    }

    /// Puts the order right: by key, equal keys as they came.
    mutating func sort() {
        guard let records else { return }
        let layout = layout
        var used = UnsafeMutableBufferPointer(rebasing: order[..<count])
        used.sort { left, right in
            if left.prefix != right.prefix { return left.prefix < right.prefix }
            let comparison = memcmp(
                records + Int(left.index) * layout.recordByteCount + 8,
                records + Int(right.index) * layout.recordByteCount + 8,
                layout.keyByteCount - 8
            )
            return comparison != 0 ? comparison < 0 : left.index < right.index
        }
    }

    /// Copies the record of the given rank in the sorted order.
    func copyRecord(atRank rank: Int, to target: UnsafeMutableRawBufferPointer) {
        guard let records else { return }
        let source = records + Int(order[rank].index) * layout.recordByteCount
        target.copyMemory(from: UnsafeRawBufferPointer(start: source, count: layout.recordByteCount))
    }

    /// Writes all records in order to the end of `file`.
    func write(to file: ExternalSortSpill) throws(ObjectStoreError) {
        guard let records else { return }
        for rank in 0..<count {
            let source = records + Int(order[rank].index) * layout.recordByteCount
            try file.append(UnsafeRawBufferPointer(start: source, count: layout.recordByteCount))
        }
        try file.flush()
    }

    mutating func removeAll() {
        count = 0
    }

    /// Gives the memory back; the batch is then empty for good.
    mutating func release() {
        records?.deallocate()
        records = nil
        order.deallocate()
        order = UnsafeMutableBufferPointer(start: nil, count: 0)
        count = 0
    }
}
