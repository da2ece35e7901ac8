/// SipHash-2-4 with 128 bits of output, fed in pieces.
///
/// Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012, and the authors' reference code for the long output.
/// With a random secret nobody can choose inputs that collide, and by chance two of 10^12 do with probability 2^-49.
package struct SipHasher: Sendable {
    /// A random secret: all that is compared with one another is hashed with the same one.
    package struct Secret: Codable, Hashable, Sendable {
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

    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64
    /// The bytes of a word that is not full, the first in the lowest place.
    private var partialWord: UInt64 = 0
    private var byteCount = 0

    package init(_ secret: Secret) {
        v0 = secret.low ^ 0x736F_6D65_7073_6575
        v1 = secret.high ^ 0x646F_7261_6E64_6F6D ^ 0xEE
        v2 = secret.low ^ 0x6C79_6765_6E65_7261
        v3 = secret.high ^ 0x7465_6462_7974_6573
    }

    /// Takes bytes; how they are cut into pieces makes no difference.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        var offset = 0
        while byteCount & 7 != 0, offset < bytes.count { append(byte: bytes[offset], &offset) }
        while offset + 8 <= bytes.count {
            absorb(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            offset += 8
            byteCount += 8
        }
        while offset < bytes.count { append(byte: bytes[offset], &offset) }
    }

    /// Takes a number as its eight bytes, the lowest first.
    package mutating func append(_ word: UInt64) {
        guard byteCount & 7 != 0 else {
            absorb(word)
            byteCount += 8
            return
        }
        withUnsafeBytes(of: word.littleEndian) { append($0) }
    }

    /// The 128 bits of all that was taken.
    package consuming func finish() -> (first: UInt64, second: UInt64) {
        absorb(partialWord | UInt64(truncatingIfNeeded: byteCount) << 56)
        v2 ^= 0xEE
        for _ in 0..<4 { round() }
        let first = v0 ^ v1 ^ v2 ^ v3
        v1 ^= 0xDD
        for _ in 0..<4 { round() }
        return (first, v0 ^ v1 ^ v2 ^ v3)
    }

    @inline(__always)
    private mutating func append(byte: UInt8, _ offset: inout Int) {
        partialWord |= UInt64(byte) << UInt64(8 * (byteCount & 7))
        byteCount += 1
        offset += 1
        if byteCount & 7 == 0 {
            absorb(partialWord)
            partialWord = 0
        }
    }

    @inline(__always)
    private mutating func absorb(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
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
