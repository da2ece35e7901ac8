package import ArchiveFormat
import ByteCoding
import NIOCore
package import ObjectStorage
package import SnapshotModel

/// Finds the keys of which an archive holds more than one record: SCAN may report a key several times, and a merged RDB
/// file may hold it twice.
///
/// The last reading of a key is the live one; all before are superseded. Every record goes by its key's fingerprint to a
/// partition, in memory or a file, and one partition after the other is gone through at the end, so memory does not grow
/// with the number of keys.
package struct DuplicateResolver: ~Copyable {
    /// A record that a later reading of the same key replaces.
    package struct Superseded: Hashable, Sendable {
        package var place: RecordPlace
        package var tally: StatisticsCollector.Tally

        fileprivate init(_ record: UnsafeRawPointer) {
            place = RecordPlace(
                block: record.loadUnaligned(fromByteOffset: 16, as: UInt32.self),
                ordinal: record.loadUnaligned(fromByteOffset: 20, as: UInt32.self)
            )
            tally = StatisticsCollector.Tally(rawValue: record.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
        }
    }

    // Layout of a record: fingerprint (16 bytes), block and ordinal (4 each), tally (8).
    private static let recordByteCount = 32
    private static let keyByteCount = 16

    private let secret: ExternalSortKey.Secret
    private let limits: ExternalSort.Limits
    private let spillPlace: ExternalSortSpill.Place
    private var partitions: ExternalPartitions

    /// Half of the memory is for the partitions' buffers, the other half for the one that is gone through.
    package init(
        secret: ExternalSortKey.Secret = .random(),
        limits: ExternalSort.Limits = ExternalSort.Limits(),
        spillingTo spillPlace: ExternalSortSpill.Place
    ) {
        self.secret = secret
        self.limits = limits
        self.spillPlace = spillPlace
        partitions = ExternalPartitions(
            recordByteCount: Self.recordByteCount,
            memoryByteCount: limits.memoryByteCount / 2,
            spillingTo: spillPlace
        )
    }

    /// What `add` knows the key of a record by.
    package func fingerprint(_ head: borrowing RecordHead) -> ExternalSortKey {
        head.withRawHead { fingerprint($0) }
    }

    /// The same with a key in memory that somebody else owns.
    package func fingerprint(_ head: RawRecordHead) -> ExternalSortKey {
        ExternalSortKey(database: head.database, key: head.key, secret: secret)
    }

    /// Notes one record; records are added in the order in which they were read.
    package mutating func add(
        _ fingerprint: ExternalSortKey,
        place: RecordPlace,
        tally: StatisticsCollector.Tally
    ) throws(ObjectStoreError) {
        var record: (UInt64, UInt64, UInt32, UInt32, UInt64) = (
            fingerprint.first, fingerprint.second, place.block, place.ordinal, tally.rawValue
        )
        try withUnsafeBytes(of: &record) { bytes throws(ObjectStoreError) in try partitions.append(bytes) }
    }

    /// The superseded records, in no particular order.
    package consuming func resolve(
        _ body: (Superseded) throws(ObjectStoreError) -> Void
    ) throws(ObjectStoreError) {
        for partition in 0..<ExternalPartitions.count {
            // A table takes up to half of its records' memory again.
            if partitions.byteCount(of: partition) <= limits.memoryByteCount / 3 {
                try resolveByTable(partition, body)
            } else {
                try resolveBySort(partition, body)
            }
        }
    }

    private mutating func resolveByTable(
        _ partition: Int,
        _ body: (Superseded) throws(ObjectStoreError) -> Void
    ) throws(ObjectStoreError) {
        var table = FingerprintTable(
            capacity: partitions.byteCount(of: partition) / Self.recordByteCount,
            recordByteCount: Self.recordByteCount
        )
        try partitions.read(partition) { (records) throws(ObjectStoreError) in
            try Self.forEach(records) { (record) throws(ObjectStoreError) in
                try table.add(record) { (before) throws(ObjectStoreError) in try body(Superseded(before)) }
            }
        }
    }

    /// For partitions of any size: a sort in memory and files.
    private mutating func resolveBySort(
        _ partition: Int,
        _ body: (Superseded) throws(ObjectStoreError) -> Void
    ) throws(ObjectStoreError) {
        var sort = ExternalSort(
            recordByteCount: Self.recordByteCount,
            keyByteCount: Self.keyByteCount,
            limits: limits,
            spillingTo: spillPlace
        )
        try partitions.read(partition) { (records) throws(ObjectStoreError) in
            try Self.forEach(records) { (record) throws(ObjectStoreError) in
                try sort.append(UnsafeRawBufferPointer(start: record, count: Self.recordByteCount))
            }
        }
        var reader = try sort.finish()
        // Two records in turn: the one that was read last, and the one before.
        let window = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * Self.recordByteCount, alignment: 16)
        defer { window.deallocate() }
        var count = 0
        while true {
            let half = (count & 1) * Self.recordByteCount
            let current = UnsafeMutableRawBufferPointer(rebasing: window[half..<half + Self.recordByteCount])
            guard try reader.next(into: current) else { return }
            let before = UnsafeRawBufferPointer(rebasing: window[(Self.recordByteCount - half)...])
            if count > 0, let start = before.baseAddress, current.prefix(16).elementsEqual(before.prefix(16)) {
                try body(Superseded(start))
            }
            count += 1
        }
    }

    private static func forEach(
        _ records: UnsafeRawBufferPointer,
        _ body: (UnsafeRawPointer) throws(ObjectStoreError) -> Void
    ) throws(ObjectStoreError) {
        guard let base = records.baseAddress else { return }
        for offset in stride(from: 0, to: records.count, by: recordByteCount) { try body(base + offset) }
    }
}
