/// The tables of the Jones CRC-64, made once.
///
/// Layout of `base`: 16 tables of 256 entries for slicing by 16 (table `k` is the remainder of a byte that `k` zero
/// bytes follow), then 8 tables of 256 entries that move a remainder over `laneByteCount` zero bytes (one per byte of
/// the remainder), then the 256-byte table that finds the index of an entry of table 0 by the entry's highest byte.
struct CRC64Tables: @unchecked Sendable {
    // Unchecked: the memory is written before `shared` exists and never again.

    /// Bytes in one lane of the interleaved update.
    static let laneByteCount = 1024
    static let shared = CRC64Tables()

    /// The polynomial 0xad93d23594c935a9 with its bits reversed, as a reflected CRC uses it.
    private static let reflectedPolynomial: UInt64 = 0x95AC_9329_AC4B_C9B5

    let base: UnsafePointer<UInt64>
    let inverse: UnsafePointer<UInt8>

    private init() {
        let slices = UnsafeMutablePointer<UInt64>.allocate(capacity: 24 * 256)
        for index in 0..<256 {
            var remainder = UInt64(index)
            for _ in 0..<8 {
                remainder = remainder & 1 == 1 ? remainder >> 1 ^ Self.reflectedPolynomial : remainder >> 1
            }
            slices[index] = remainder
        }
        for index in 256..<16 * 256 {
            let shorter = slices[index - 256]
            slices[index] = shorter >> 8 ^ slices[Int(shorter & 0xFF)]
        }
        for index in 0..<256 {
            for lane in 0..<8 {
                var remainder = UInt64(index) << UInt64(8 * lane)
                for _ in 0..<Self.laneByteCount {
                    remainder = remainder >> 8 ^ slices[Int(remainder & 0xFF)]
                }
                slices[(16 + lane) * 256 + index] = remainder
            }
        }
        let indices = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
        for index in 0..<256 {
            indices[Int(slices[index] >> 56)] = UInt8(index)
        }
        base = UnsafePointer(slices)
        inverse = UnsafePointer(indices)
    }
}
