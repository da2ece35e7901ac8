package import ArchiveFormat
import ByteCoding
import NIOCore
package import ObjectStorage
package import SnapshotModel

/// Finds the keys of which an archive holds more than one record: SCAN may report a key several times, and a merged RDB
/// file may hold it twice.
///
/// The last reading of a key is the live one; all before are superseded. Every record goes through an external sort by
/// its key's fingerprint, so memory does not grow with the number of keys.
package struct DuplicateResolver: ~Copyable {
    /// A record that a later reading of the same key replaces.
    package struct Superseded: Hashable, Sendable {
        package var place: RecordPlace
        package var tally: StatisticsCollector.Tally
    }

    // Layout of a sort record: fingerprint (16 bytes), block and ordinal (4 each), tally (8).
    private static let recordByteCount = 32
    private static let keyByteCount = 16

    private let secret: ExternalSortKey.Secret
    private var sort: ExternalSort

    package init(
        secret: ExternalSortKey.Secret = .random(),
        limits: ExternalSort.Limits = ExternalSort.Limits(),
        spillingTo spillPlace: ExternalSortSpill.Place
    ) {
        self.secret = secret
        sort = ExternalSort(
            recordByteCount: Self.recordByteCount,
            keyByteCount: Self.keyByteCount,
            limits: limits,
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
        try withUnsafeBytes(of: &record) { bytes throws(ObjectStoreError) in try sort.append(bytes) }
    }

    /// The superseded records, in no particular order.
    package consuming func resolve(
        _ body: (Superseded) throws(ObjectStoreError) -> Void
    ) throws(ObjectStoreError) {
        var reader = try sort.finish()
        var previous: (UInt64, UInt64, UInt32, UInt32, UInt64)?
        var current: (UInt64, UInt64, UInt32, UInt32, UInt64) = (0, 0, 0, 0, 0)
        while try Self.read(&reader, into: &current) {
            if let previous, previous.0 == current.0, previous.1 == current.1 {
                try body(
                    Superseded(
                        place: RecordPlace(block: previous.2, ordinal: previous.3),
                        tally: StatisticsCollector.Tally(rawValue: previous.4)
                    )
                )
            }
            previous = current
        }
    }

    private static func read(
        _ reader: inout ExternalSortReader,
        into record: inout (UInt64, UInt64, UInt32, UInt32, UInt64)
    ) throws(ObjectStoreError) -> Bool {
        try withUnsafeMutableBytes(of: &record) { bytes throws(ObjectStoreError) in try reader.next(into: bytes) }
    }
}
