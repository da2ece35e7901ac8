/// The name of a snapshot: `20261121T070500Z-4f9c2a`, its instant in UTC and six random hexadecimal digits.
///
/// Sorts by time as text and is safe in file names.
package struct SnapshotID: Hashable, Sendable {
    package let text: String

    /// Makes the id of a snapshot whose data represents `instant`; `random` supplies the low 24 bits of the suffix.
    package init(instant: UnixMilliseconds, random: UInt32) {
        let time = instant.civilTime?.compactText ?? "00000101T000000Z"
        let digits = String(random & 0xFF_FFFF, radix: 16)
        text = time + "-" + String(repeating: "0", count: 6 - digits.count) + digits
    }

    /// An id read from a user or a file; nil unless it has exactly the form above.
    package init?(_ text: String) {
        var text = text
        guard text.withUTF8(Self.isForm) else { return nil }
        self.text = text
    }

    private static func isForm(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes.count == 23
            && bytes.indices.allSatisfy { index in
                switch index {
                case 8: bytes[index] == UInt8(ascii: "T")
                case 15: bytes[index] == UInt8(ascii: "Z")
                case 16: bytes[index] == UInt8(ascii: "-")
                case 17...: isLowerHexadecimal(bytes[index])
                default: (0x30...0x39).contains(bytes[index])
                }
            }
    }

    private static func isLowerHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }
}

extension SnapshotID: Comparable, CustomStringConvertible {
    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
    package var description: String { text }
}

extension SnapshotID: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = Self(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not a snapshot id")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
