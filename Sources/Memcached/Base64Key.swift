package import NIOCore

/// Keys in Base64 (RFC 4648, with padding), as the meta commands take those that are no words of text.
package enum Base64Key {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static let digits: [UInt8] = {
        var digits = [UInt8](repeating: 0xFF, count: 256)
        for (value, character) in alphabet.enumerated() { digits[Int(character)] = UInt8(value) }
        return digits
    }()

    /// Characters of `byteCount` bytes.
    package static func encodedByteCount(_ byteCount: Int) -> Int { (byteCount + 2) / 3 * 4 }

    static func encode(_ bytes: UnsafeRawBufferPointer, to output: inout ByteBuffer) {
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: encodedByteCount(bytes.count)) { target in
            var written = 0
            var index = 0
            while index < bytes.count {
                let count = min(3, bytes.count - index)
                var group = UInt32(bytes[index]) << 16
                if count > 1 { group |= UInt32(bytes[index + 1]) << 8 }
                if count > 2 { group |= UInt32(bytes[index + 2]) }
                for place in 0..<4 {
                    let digit = alphabet[Int(group >> UInt32(18 - 6 * place) & 0x3F)]
                    target[written + place] = place <= count ? digit : 0x3D
                }
                written += 4
                index += 3
            }
            return written
        }
    }

    /// The bytes; nil if it is no Base64.
    package static func decode(_ text: ByteBuffer) -> ByteBuffer? {
        guard text.readableBytes.isMultiple(of: 4) else { return nil }
        var output = ByteBuffer()
        output.reserveCapacity(text.readableBytes / 4 * 3)
        let isWhole = text.withUnsafeReadableBytes { bytes in
            var index = 0
            while index < bytes.count {
                var padding = 0
                var group: UInt32 = 0
                for place in 0..<4 {
                    let character = bytes[index + place]
                    if character == 0x3D, place >= 2, index + 4 == bytes.count {
                        padding += 1
                        group <<= 6
                        continue
                    }
                    let digit = digits[Int(character)]
                    guard digit != 0xFF, padding == 0 else { return false }
                    group = group << 6 | UInt32(digit)
                }
                for place in 0..<3 - padding {
                    output.writeInteger(UInt8(truncatingIfNeeded: group >> UInt32(16 - 8 * place)))
                }
                index += 4
            }
            return true
        }
        return isWhole ? output : nil
    }
}
