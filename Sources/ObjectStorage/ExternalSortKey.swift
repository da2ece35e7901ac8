package import ByteCoding

/// The 128-bit fingerprint of a database and a key: what an external sort of fixed records tells keys apart by.
package struct ExternalSortKey: Hashable, Sendable {
    package typealias Secret = SipHasher.Secret

    package let first: UInt64
    package let second: UInt64

    package init(first: UInt64, second: UInt64) {
        self.first = first
        self.second = second
    }

    /// The fingerprint of `key` in `database`.
    package init(database: UInt32, key: UnsafeRawBufferPointer, secret: Secret) {
        // The database is mixed into the secret: the same key in two databases has unrelated fingerprints.
        let mixed = Secret(low: secret.low ^ UInt64(database) &* 0x9E37_79B9_7F4A_7C15, high: secret.high)
        var hasher = SipHasher(mixed)
        hasher.append(key)
        (first, second) = hasher.finish()
    }
}
