import ObjectStorage

/// Finds the records of a batch that have the same fingerprint: a hash table in memory.
///
/// A record begins with the 16 bytes of its fingerprint, whose upper bits are as good as random.
struct FingerprintTable: ~Copyable {
    private let recordByteCount: Int
    /// A power of 2, twice the records or more: the places of 0 are free, others hold the record's number, from 1.
    private let slotCount: Int
    private let slots: UnsafeMutablePointer<UInt32>
    private let records: UnsafeMutableRawPointer
    private let capacity: Int
    private var count = 0

    /// A table for at most `capacity` records.
    init(capacity: Int, recordByteCount: Int) {
        self.recordByteCount = recordByteCount
        self.capacity = capacity
        var slotCount = 16
        while slotCount < 2 * capacity { slotCount *= 2 }
        self.slotCount = slotCount
        slots = .allocate(capacity: slotCount)
        slots.initialize(repeating: 0, count: slotCount)
        records = .allocate(byteCount: max(1, capacity * recordByteCount), alignment: 16)
    }

    deinit {
        slots.deallocate()
        records.deallocate()
    }

    /// Takes a copy of one record; `body` gets the one before with the same fingerprint, if there is one.
    mutating func add(
        _ record: UnsafeRawPointer,
        _ body: (UnsafeRawPointer) throws(ObjectStoreError) -> Void
    ) throws(ObjectStoreError) {
        precondition(count < capacity, "a table takes as many records as it was made for")
        let place = records + count * recordByteCount
        place.copyMemory(from: record, byteCount: recordByteCount)
        count += 1
        let (first, second) = record.loadUnaligned(as: (UInt64, UInt64).self)
        var slot = Int(truncatingIfNeeded: first >> 16) & (slotCount - 1)
        while slots[slot] != 0 {
            let before = UnsafeRawPointer(records + (Int(slots[slot]) - 1) * recordByteCount)
            if before.loadUnaligned(as: (UInt64, UInt64).self) == (first, second) {
                slots[slot] = UInt32(count)
                return try body(before)
            }
            slot = (slot + 1) & (slotCount - 1)
        }
        slots[slot] = UInt32(count)
    }
}
