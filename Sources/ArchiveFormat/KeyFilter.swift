import ByteCoding
package import NIOCore

/// The hash of a key that filters use.
package enum KeyHash {
    /// CRC-64 of the key, mixed with the database by the finaliser of MurmurHash3.
    package static func hash(database: UInt32, key: UnsafeRawBufferPointer) -> UInt64 {
        var hash = CRC64.of(key) ^ ((UInt64(database) &+ 1) &* 0x9E37_79B9_7F4A_7C15)
        hash = (hash ^ (hash >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        hash = (hash ^ (hash >> 33)) &* 0xC4CE_B9FE_1A85_EC53
        return hash ^ (hash >> 33)
    }

    package static func hash(database: UInt32, key: ByteBuffer) -> UInt64 {
        key.withUnsafeReadableBytes { hash(database: database, key: $0) }
    }
}

/// A Bloom filter over the keys of one block: says "not here" or "perhaps here".
///
/// Ten bits a key and seven probes let about one key in 120 pass that is not there. Bit `i` is bit `i % 8` of byte
/// `i / 8`. Probe `n` is `(low + n * high) * bitCount >> 32` with the halves of the hash, in 32-bit arithmetic.
package struct KeyFilter: Hashable, Sendable {
    package static let bitsPerKey = 10
    package static let probeCount: UInt32 = 7

    /// The bits; none of a block in which no key begins.
    package let bits: ByteBuffer

    /// A filter that was stored.
    package init(bits: ByteBuffer) {
        self.bits = bits
    }

    package init(hashes: [UInt64]) {
        let byteCount = (hashes.count * Self.bitsPerKey + 7) / 8
        var bits = ByteBuffer()
        bits.writeRepeatingByte(0, count: byteCount)
        bits.withUnsafeMutableReadableBytes { target in
            for hash in hashes {
                for probe in 0..<Self.probeCount {
                    let index = Self.bitIndex(hash, probe, byteCount: byteCount)
                    target[index >> 3] |= 1 << UInt8(index & 7)
                }
            }
        }
        self.bits = bits
    }

    package func mayContain(_ hash: UInt64) -> Bool {
        let byteCount = bits.readableBytes
        guard byteCount > 0 else { return false }
        return bits.withUnsafeReadableBytes { source in
            (0..<Self.probeCount).allSatisfy { probe in
                let index = Self.bitIndex(hash, probe, byteCount: byteCount)
                return source[index >> 3] & 1 << UInt8(index & 7) != 0
            }
        }
    }

    @inline(__always)
    private static func bitIndex(_ hash: UInt64, _ probe: UInt32, byteCount: Int) -> Int {
        let low = UInt32(truncatingIfNeeded: hash)
        let high = UInt32(truncatingIfNeeded: hash >> 32)
        return Int((UInt64(low &+ probe &* high) * UInt64(byteCount * 8)) >> 32)
    }
}

/// The filters of consecutive blocks of records: the content of a block of kind `filters`.
///
/// `firstBlock` and the number of filters (32 bits each), each filter's byte count (32 bits), then all bits in the
/// same order. Integers are little-endian.
package struct KeyFilterGroup: Sendable {
    /// Number of the block of records that the first filter belongs to.
    package var firstBlock: UInt32
    package var filters: [KeyFilter]

    package init(firstBlock: UInt32, filters: [KeyFilter] = []) {
        self.firstBlock = firstBlock
        self.filters = filters
    }

    package func encoded() -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeInteger(firstBlock, endianness: .little)
        bytes.writeInteger(UInt32(filters.count), endianness: .little)
        for filter in filters {
            bytes.writeInteger(UInt32(filter.bits.readableBytes), endianness: .little)
        }
        for filter in filters {
            bytes.writeImmutableBuffer(filter.bits)
        }
        return bytes
    }

    package init(decoding content: ByteBuffer, of piece: ArchivePiece) throws(ArchiveError) {
        var lengths = content
        guard let firstBlock = lengths.readInteger(endianness: .little, as: UInt32.self),
            let count = lengths.readInteger(endianness: .little, as: UInt32.self),
            var bits = lengths.getSlice(at: lengths.readerIndex, length: lengths.readableBytes),
            count <= lengths.readableBytes / 4, firstBlock <= UInt32.max - count
        else { throw .malformed(piece, reason: "its filters are cut off") }
        bits.moveReaderIndex(forwardBy: Int(count) * 4)
        self.init(firstBlock: firstBlock)
        filters.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard let byteCount = lengths.readInteger(endianness: .little, as: UInt32.self),
                let slice = bits.readSlice(length: Int(byteCount))
            else { throw .malformed(piece, reason: "its filters are cut off") }
            filters.append(KeyFilter(bits: slice))
        }
        guard bits.readableBytes == 0 else { throw .malformed(piece, reason: "bytes follow its filters") }
    }
}
