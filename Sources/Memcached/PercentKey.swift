package import NIOCore

/// Keys as dumps write them: what is no letter, digit or one of `-._~` as `%` and two hexadecimal digits.
package enum PercentKey {
    /// The key's bytes, a slice of the same storage where nothing is encoded; nil if a `%` has no two digits.
    package static func decode(_ encoded: ByteBuffer) -> ByteBuffer? {
        let isEncoded = encoded.withUnsafeReadableBytes { $0.contains(0x25) }
        guard isEncoded else { return encoded }
        var decoded = ByteBuffer()
        decoded.reserveCapacity(encoded.readableBytes)
        let isWhole = encoded.withUnsafeReadableBytes { bytes in
            var index = 0
            while index < bytes.count {
                if bytes[index] != 0x25 {
                    decoded.writeInteger(bytes[index])
                    index += 1
                    continue
                }
                guard index + 2 < bytes.count, let high = digit(bytes[index + 1]), let low = digit(bytes[index + 2])
                else { return false }
                decoded.writeInteger(high << 4 | low)
                index += 3
            }
            return true
        }
        return isWhole ? decoded : nil
    }

    @inline(__always)
    static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case 0x30...0x39: character - 0x30
        case 0x41...0x46: character - 0x41 + 10
        case 0x61...0x66: character - 0x61 + 10
        default: nil
        }
    }
}
