import CFolding

/// The tables of the Jones CRC-64, made once.
///
/// Layout of `base`: 16 tables of 256 entries for slicing by 16 (table `k` is the remainder of a byte that `k` zero
/// bytes follow). `inverse` finds the index of an entry of table 0 by the entry's highest byte.
struct CRC64Tables: @unchecked Sendable {
    // Unchecked: the memory is written before `shared` exists and never again.

    /// Bytes in one lane of the interleaved update.
    static let laneByteCount = 1024
    /// Fewer bytes than this are not worth folding.
    static let foldedByteCount = 128
    static let shared = CRC64Tables()

    /// The polynomial 0xad93d23594c935a9 with its bits reversed, as a reflected CRC uses it.
    private static let reflectedPolynomial: UInt64 = 0x95AC_9329_AC4B_C9B5

    let base: UnsafePointer<UInt64>
    let inverse: UnsafePointer<UInt8>
    /// Whether the processor multiplies without carry, and what with.
    let canFold: Bool
    let powers: rewarm_fold_powers

    private init() {
        let slices = UnsafeMutablePointer<UInt64>.allocate(capacity: 16 * 256)
        for index in 0..<256 {
            slices[index] = Self.shifted(UInt64(index), by: 8)
        }
        for index in 256..<16 * 256 {
            let shorter = slices[index - 256]
            slices[index] = shorter >> 8 ^ slices[Int(shorter & 0xFF)]
        }
        let indices = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
        for index in 0..<256 {
            indices[Int(slices[index] >> 56)] = UInt8(index)
        }
        base = UnsafePointer(slices)
        inverse = UnsafePointer(indices)
        canFold = rewarm_can_fold()
        powers = rewarm_fold_powers(
            x575: Self.power(575),
            x511: Self.power(511),
            x191: Self.power(191),
            x127: Self.power(127)
        )
    }

    /// Eight tables of 256 entries that move a remainder over `laneByteCount` zero bytes, one per byte of the remainder.
    ///
    /// Made at the first use: only processors without carry-less multiplication need them.
    nonisolated(unsafe) static let lanes: UnsafePointer<UInt64> = {
        let slices = shared.base
        let lanes = UnsafeMutablePointer<UInt64>.allocate(capacity: 8 * 256)
        for index in 0..<256 {
            for lane in 0..<8 {
                var remainder = UInt64(index) << UInt64(8 * lane)
                for _ in 0..<laneByteCount {
                    remainder = remainder >> 8 ^ slices[Int(remainder & 0xFF)]
                }
                lanes[lane * 256 + index] = remainder
            }
        }
        return UnsafePointer(lanes)
    }()

    /// `x` to the power of `exponent`, modulo the polynomial, the bits reversed.
    private static func power(_ exponent: Int) -> UInt64 {
        shifted(1 << 63, by: exponent)
    }

    private static func shifted(_ value: UInt64, by bitCount: Int) -> UInt64 {
        var remainder = value
        for _ in 0..<bitCount {
            remainder = remainder & 1 == 1 ? remainder >> 1 ^ reflectedPolynomial : remainder >> 1
        }
        return remainder
    }
}
