/// Deals more records than memory should hold out to partitions: records with the same key meet in one of them, in the
/// order in which they were appended.
///
/// Records have one size; the lowest bits of their first byte, which should be as good as random, tell the partition.
/// Memory stays at `memoryByteCount` whatever the number of records, but for eight bytes for each buffer in the file:
///
///     append: to the partition's buffer; a full one goes behind the others into one unlinked temporary file
///     read:   one partition after the other, from the file and then from its buffer
///
/// To find records of the same key this costs less than a sort does. The memory and the file go with the value.
package struct ExternalPartitions: ~Copyable {
    /// A power of 2, at most 256.
    package static let count = 64

    private let recordByteCount: Int
    private let bufferByteCount: Int
    private let spillPlace: ExternalSortSpill.Place
    /// The buffers of all partitions, one behind the other, and how many bytes of each are filled.
    private let buffers: UnsafeMutableRawPointer
    private let filled: UnsafeMutablePointer<Int>
    private var spill: ExternalSortSpill?
    /// Where the buffers of each partition lie in the file, in the order of their records.
    private var extents: [[UInt64]]

    package init(recordByteCount: Int, memoryByteCount: Int, spillingTo spillPlace: ExternalSortSpill.Place) {
        self.recordByteCount = recordByteCount
        self.spillPlace = spillPlace
        bufferByteCount = max(1, memoryByteCount / Self.count / recordByteCount) * recordByteCount
        buffers = .allocate(byteCount: Self.count * bufferByteCount, alignment: 16)
        filled = .allocate(capacity: Self.count)
        filled.initialize(repeating: 0, count: Self.count)
        extents = Array(repeating: [], count: Self.count)
    }

    deinit {
        buffers.deallocate()
        filled.deallocate()
    }

    /// Bytes of a partition's records.
    package func byteCount(of partition: Int) -> Int {
        extents[partition].count * bufferByteCount + filled[partition]
    }

    /// Takes a copy of one record.
    package mutating func append(_ record: UnsafeRawBufferPointer) throws(ObjectStoreError) {
        precondition(record.count == recordByteCount, "a record has the size that the partitions were made for")
        let partition = Int(record[0]) & (Self.count - 1)
        if filled[partition] == bufferByteCount { try spillBuffer(of: partition) }
        let target = UnsafeMutableRawBufferPointer(start: place(of: partition) + filled[partition], count: record.count)
        target.copyMemory(from: record)
        filled[partition] += record.count
    }

    /// Gives a partition's records in the order in which they were appended, as many at a time as a buffer holds.
    package mutating func read(
        _ partition: Int,
        _ body: (UnsafeRawBufferPointer) throws(ObjectStoreError) -> Void
    ) throws(ObjectStoreError) {
        if let spill, !extents[partition].isEmpty {
            try spill.flush()
            let window = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferByteCount, alignment: 16)
            defer { window.deallocate() }
            for extent in extents[partition] {
                try spill.read(into: window, at: extent)
                try body(UnsafeRawBufferPointer(window))
            }
        }
        try body(UnsafeRawBufferPointer(start: place(of: partition), count: filled[partition]))
    }

    private func place(of partition: Int) -> UnsafeMutableRawPointer { buffers + partition * bufferByteCount }

    private mutating func spillBuffer(of partition: Int) throws(ObjectStoreError) {
        let file: ExternalSortSpill
        if let spill {
            file = spill
        } else {
            file = try ExternalSortSpill(spillPlace)
            spill = file
        }
        extents[partition].append(file.byteCount)
        try file.append(UnsafeRawBufferPointer(start: place(of: partition), count: filled[partition]))
        filled[partition] = 0
    }
}
