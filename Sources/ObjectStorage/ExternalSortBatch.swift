/// The records of an external sort that are in memory, and their order.
///
/// Owns its memory: all of it is taken at once, and given back by `release` or with the value.
struct ExternalSortBatch: ~Copyable {
    /// What is sorted instead of the records: the first bytes of the key, and where the record lies.
    private struct Entry {
        var prefix: UInt64
        var offset: UInt32
    }

    let layout: ExternalSortLayout
    private let capacity: Int
    private let byteCapacity: Int
    private var records: UnsafeMutableRawPointer?
    private var order: UnsafeMutableBufferPointer<Entry>
    private var usedByteCount = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    init(layout: ExternalSortLayout, memoryByteCount: Int) {
        self.layout = layout
        // Sorting entries takes up to half of their memory again.
        let perEntry = MemoryLayout<Entry>.stride * 3 / 2
        let memoryByteCount = min(memoryByteCount, Int(UInt32.max))
        if layout.isFixed {
            let recordByteCount = layout.largestRecordByteCount
            capacity = max(16, memoryByteCount / (recordByteCount + perEntry))
            byteCapacity = capacity * recordByteCount
        } else {
            // A record of a short key and a little more takes some 48 bytes.
            byteCapacity = max(layout.largestRecordByteCount, memoryByteCount * 2 / 3)
            capacity = max(16, memoryByteCount / 3 / perEntry)
        }
        records = UnsafeMutableRawPointer.allocate(byteCount: byteCapacity, alignment: 16)
        order = .allocate(capacity: capacity)
    }

    deinit {
        records?.deallocate()
        order.deallocate()
    }

    func hasRoom(for byteCount: Int) -> Bool {
        count < capacity && usedByteCount + byteCount <= byteCapacity
    }

    mutating func append(_ record: UnsafeRawBufferPointer) {
        guard let records, let source = record.baseAddress, hasRoom(for: record.count) else {
            preconditionFailure("a batch takes records until it is full or released")
        }
        precondition(
            record.count == layout.byteCount(of: source) && record.count <= layout.largestRecordByteCount,
            "a record has the size that the sort was made for, or that its head says"
        )
        let place = records + usedByteCount
        place.copyMemory(from: source, byteCount: record.count)
        order.initializeElement(at: count, to: Entry(prefix: layout.prefix(of: place), offset: UInt32(usedByteCount)))
        usedByteCount += record.count
        count += 1
    }

    /// Puts the order right: by key, equal keys as they came.
    mutating func sort() {
        guard let records else { return }
        let layout = layout
        var used = UnsafeMutableBufferPointer(rebasing: order[..<count])
        used.sort { left, right in
            if left.prefix != right.prefix { return left.prefix < right.prefix }
            let comparison = layout.compareBehindPrefix(records + Int(left.offset), records + Int(right.offset))
            return comparison != 0 ? comparison < 0 : left.offset < right.offset
        }
    }

    /// Copies the record of the given rank in the sorted order.
    func copyRecord(atRank rank: Int, to target: UnsafeMutableRawBufferPointer) {
        guard let records else { return }
        target.copyMemory(from: record(atRank: rank, in: records))
    }

    /// Writes all records in order to the end of `file`.
    func write(to file: ExternalSortSpill) throws(ObjectStoreError) {
        guard let records else { return }
        for rank in 0..<count { try file.append(record(atRank: rank, in: records)) }
        try file.flush()
    }

    private func record(atRank rank: Int, in records: UnsafeMutableRawPointer) -> UnsafeRawBufferPointer {
        let start = UnsafeRawPointer(records + Int(order[rank].offset))
        return UnsafeRawBufferPointer(start: start, count: layout.byteCount(of: start))
    }

    mutating func removeAll() {
        count = 0
        usedByteCount = 0
    }

    /// Gives the memory back; the batch is then empty for good.
    mutating func release() {
        records?.deallocate()
        records = nil
        order.deallocate()
        order = UnsafeMutableBufferPointer(start: nil, count: 0)
        removeAll()
    }
}
