/// Base64 of RFC 4648, section 4, with padding; small enough not to load Foundation for it.
enum Base64 {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: some Collection<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var group: UInt32 = 0
        var count = 0
        for byte in bytes {
            group = group << 8 | UInt32(byte)
            count += 1
            if count == 3 {
                for shift in [18, 12, 6, 0] as [UInt32] { text.append(digits[Int(group >> shift & 63)]) }
                (group, count) = (0, 0)
            }
        }
        if count == 1 {
            text += [digits[Int(group >> 2)], digits[Int(group << 4 & 63)], padding, padding]
        } else if count == 2 {
            text += [digits[Int(group >> 10)], digits[Int(group >> 4 & 63)], digits[Int(group << 2 & 63)], padding]
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// nil unless the text is base64 with its padding and without spare bits.
    static func decode(_ text: String) -> [UInt8]? {
        let symbols = Array(text.utf8)
        guard symbols.count % 4 == 0 else { return nil }
        let paddingCount = symbols.reversed().prefix { $0 == padding }.count
        guard paddingCount <= 2 else { return nil }
        var bytes: [UInt8] = []
        var accumulator: UInt32 = 0
        var bitCount = 0
        for symbol in symbols.dropLast(paddingCount) {
            guard let value = digits.firstIndex(of: symbol) else { return nil }
            accumulator = accumulator << 6 | UInt32(value)
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                bytes.append(UInt8(truncatingIfNeeded: accumulator >> UInt32(bitCount)))
                accumulator &= (1 << UInt32(bitCount)) - 1
            }
        }
        return accumulator == 0 ? bytes : nil
    }

    private static let padding = UInt8(ascii: "=")
}
