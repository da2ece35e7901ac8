import ByteCoding

/// Counts the bytes of a stream as they are used, and computes their CRC-64 in long runs.
///
/// Runs are long because the CRC runs ahead of the reader, over bytes of the input that are there and not yet used, and
/// is taken back at the end for those that do not belong to it.
struct StreamMeter: Sendable {
    /// How far the CRC runs ahead at most, in bytes.
    private static let lead = 64 << 10

    private(set) var offset: UInt64 = 0
    private var crc = CRC64()
    /// Bytes of the input, from its reader index on, that the CRC holds already.
    private var ahead = 0

    /// Takes `count` bytes from the front of `input` as used.
    ///
    /// What follows them must still stand there at the next call.
    @inline(__always)
    mutating func advance(_ count: Int, of input: UnsafeRawBufferPointer) {
        offset &+= UInt64(count)
        if count <= ahead {
            ahead -= count
        } else {
            catchUp(count, input)
        }
    }

    /// Counts without the CRC, for what has none.
    mutating func advance(_ count: Int) {
        offset &+= UInt64(count)
    }

    private mutating func catchUp(_ count: Int, _ input: UnsafeRawBufferPointer) {
        let end = min(input.count, count + Self.lead)
        crc.update(UnsafeRawBufferPointer(rebasing: input[ahead..<end]))
        ahead = end - count
    }

    /// The CRC of the bytes used so far; `input` are the bytes not used yet.
    mutating func settle(_ input: UnsafeRawBufferPointer) -> UInt64 {
        crc.rewind(UnsafeRawBufferPointer(rebasing: input[..<ahead]))
        ahead = 0
        return crc.value
    }
}
