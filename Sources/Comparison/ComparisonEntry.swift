package import ArchiveFormat
package import NIOCore
package import RDB
package import SnapshotModel

/// One key of one side of a comparison: what the other side's key is held against.
package struct ComparisonEntry: Hashable, Sendable {
    /// Where an archive has the record: for what needs a second look.
    package struct Place: Hashable, Sendable {
        package var part: UInt32
        package var record: RecordPlace

        package init(part: UInt32, record: RecordPlace) {
            self.part = part
            self.record = record
        }
    }

    package var database: UInt32
    package var key: ByteBuffer
    /// What users call the type, "hash"; empty where only names are compared.
    package var typeName: String
    package var expiry: Expiry
    /// When the last field of a hash is gone, and the key with it.
    package var fieldEnd: UnixMilliseconds?
    /// Nil where only names are compared, and of a value too large to be decoded.
    package var value: ValueFingerprint?
    /// Nil of any engine but Memcached, and where only names are compared.
    package var item: ItemTraits?
    package var place: Place?

    package init(
        database: UInt32,
        key: ByteBuffer,
        typeName: String = "",
        expiry: Expiry = .never,
        fieldEnd: UnixMilliseconds? = nil,
        value: ValueFingerprint? = nil,
        item: ItemTraits? = nil,
        place: Place? = nil
    ) {
        self.database = database
        self.key = key
        self.typeName = typeName
        self.expiry = expiry
        self.fieldEnd = fieldEnd
        self.value = value
        self.item = item
        self.place = place
    }

    /// Whether the key has no life left at `moment`.
    package func hasExpired(by moment: UnixMilliseconds) -> Bool {
        if case .at(let deadline) = expiry, deadline <= moment { return true }
        return fieldEnd.map { $0 <= moment } ?? false
    }
}
