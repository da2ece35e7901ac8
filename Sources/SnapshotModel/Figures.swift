/// Numbers for people: on a terminal and in reports.
package enum Figures {
    /// `1,234,567`.
    package static func count(_ value: UInt64) -> String {
        let digits = String(value)
        let digitCount = digits.utf8.count
        guard digitCount > 3 else { return digits }
        return String(unsafeUninitializedCapacity: digitCount + (digitCount - 1) / 3) { bytes in
            var byteCount = 0
            for (index, digit) in digits.utf8.enumerated() {
                if index > 0, (digitCount - index) % 3 == 0 {
                    bytes[byteCount] = UInt8(ascii: ",")
                    byteCount += 1
                }
                bytes[byteCount] = digit
                byteCount += 1
            }
            return byteCount
        }
    }

    /// `1 key`, `2 keys`.
    package static func counted(_ value: UInt64, _ noun: String, plural: String? = nil) -> String {
        count(value) + " " + (value == 1 ? noun : plural ?? noun + "s")
    }

    /// Decimal units, three digits: `512 B`, `1.21 MB`, `478 MB`.
    package static func bytes(_ value: UInt64) -> String {
        let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
        var size = Double(value)
        var unit = 0
        while size >= 999.5, unit < units.count - 1 {
            size /= 1000
            unit += 1
        }
        return (unit == 0 ? String(value) : threeDigits(size)) + " " + units[unit]
    }

    /// Three digits that count: `1.21`, `12.1`, `121`.
    package static func threeDigits(_ value: Double) -> String {
        switch value {
        case ..<9.995: fixed(value, digits: 2)
        case ..<99.95: fixed(value, digits: 1)
        default: fixed(value, digits: 0)
        }
    }

    /// A number of at least 0 with so many digits after the point.
    package static func fixed(_ value: Double, digits: Int) -> String {
        guard value.isFinite, value >= 0, value < 1e15 else { return "?" }
        var scale: Int64 = 1
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int64((value * Double(scale)).rounded())
        guard digits > 0 else { return String(scaled) }
        let whole = String(scaled / scale)
        return String(unsafeUninitializedCapacity: whole.utf8.count + 1 + digits) { bytes in
            var rest = scaled % scale
            let point = bytes.initialize(from: whole.utf8).index
            bytes[point] = UInt8(ascii: ".")
            for place in (point + 1...point + digits).reversed() {
                bytes[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
            return point + 1 + digits
        }
    }

    /// The two largest units: `850 ms`, `6.2 s`, `4 min 05 s`, `3 h 20 min`, `12 d 4 h`; whole days as `12 d`.
    package static func duration(milliseconds: Int64) -> String {
        let value = max(0, milliseconds)
        switch value {
        case ..<1000: return "\(value) ms"
        case ..<59_950: return fixed(Double(value) / 1000, digits: 1) + " s"
        case ..<3_600_000: return "\(value / 60_000) min " + twoDigits(value / 1000 % 60) + " s"
        case ..<86_400_000: return "\(value / 3_600_000) h " + twoDigits(value / 60_000 % 60) + " min"
        default:
            let hours = value / 3_600_000 % 24
            return "\(value / 86_400_000) d" + (hours == 0 ? "" : " \(hours) h")
        }
    }

    private static func twoDigits(_ value: Int64) -> String { (value < 10 ? "0" : "") + String(value) }
}
