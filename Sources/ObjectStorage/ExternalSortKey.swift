/// The 128-bit fingerprint of a database and a key: what an external sort tells keys apart by.
///
/// SipHash-2-4 with 128 bits of output (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012, and the authors'
/// reference code for the long output) over the key's bytes, keyed by a secret of the run and by the database. With a
/// random secret nobody can choose two keys that collide, and by chance two of 10^12 keys collide with probability
/// 2^-49.
package struct ExternalSortKey: Hashable, Sendable {
    /// A random secret: all keys that are compared with one another are made with the same one.
    package struct Secret: Sendable {
        package let low: UInt64
        package let high: UInt64

        package init(low: UInt64, high: UInt64) {
            self.low = low
            self.high = high
        }

        /// A fresh secret from the system's random numbers.
        package static func random() -> Self {
            Self(low: .random(in: .min ... .max), high: .random(in: .min ... .max))
        }
    }

    package let first: UInt64
    package let second: UInt64

    package init(first: UInt64, second: UInt64) {
        self.first = first
        self.second = second
    }

    /// The fingerprint of `key` in `database`.
    package init(database: UInt32, key: UnsafeRawBufferPointer, secret: Secret) {
        // The database is mixed into the secret: the same key in two databases has unrelated fingerprints.
        var state = SipState(low: secret.low ^ UInt64(database) &* 0x9E37_79B9_7F4A_7C15, high: secret.high)
        let wholeWordBytes = key.count & ~7
        var offset = 0
        while offset < wholeWordBytes {
            state.absorb(UInt64(littleEndian: key.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            offset += 8
        }
        var last = UInt64(truncatingIfNeeded: key.count) << 56
        var shift: UInt64 = 0
        while offset < key.count {
            last |= UInt64(key[offset]) << shift
            shift += 8
            offset += 1
        }
        state.absorb(last)
        (first, second) = state.finish()
    }
}

/// The four words of SipHash.
private struct SipState {
    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64

    init(low: UInt64, high: UInt64) {
        v0 = low ^ 0x736F_6D65_7073_6575
        v1 = high ^ 0x646F_7261_6E64_6F6D ^ 0xEE
        v2 = low ^ 0x6C79_6765_6E65_7261
        v3 = high ^ 0x7465_6462_7974_6573
    }

    mutating func absorb(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
    }

    mutating func finish() -> (UInt64, UInt64) {
        v2 ^= 0xEE
        for _ in 0..<4 { round() }
        let first = v0 ^ v1 ^ v2 ^ v3
        v1 ^= 0xDD
        for _ in 0..<4 { round() }
        return (first, v0 ^ v1 ^ v2 ^ v3)
    }

    @inline(__always)
    private mutating func round() {
        v0 &+= v1
        v1 = v1.rotated(by: 13) ^ v0
        v0 = v0.rotated(by: 32)
        v2 &+= v3
        v3 = v3.rotated(by: 16) ^ v2
        v0 &+= v3
        v3 = v3.rotated(by: 21) ^ v0
        v2 &+= v1
        v1 = v1.rotated(by: 17) ^ v2
        v2 = v2.rotated(by: 32)
    }
}

extension UInt64 {
    @inline(__always)
    fileprivate func rotated(by bits: UInt64) -> UInt64 {
        self << bits | self >> (64 - bits)
    }
}
