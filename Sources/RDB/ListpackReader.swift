/// One entry of a listpack, in place.
enum ListpackEntry {
    case string(UnsafeRawBufferPointer)
    case integer(Int64)
}

/// Reads the entries of a listpack from front to back, bounds-checked.
///
/// ```
/// total bytes (4, little-endian), entries (2, little-endian, 65535 for "count them"), entries, 255
/// entry: encoding and content, then the entry's length backwards in 7-bit groups
/// ```
/// Source: redis/redis `src/listpack.c` (4f8cdc2a).
struct ListpackReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 6
    /// False after an entry that contradicts the bounds.
    private(set) var isIntact = true

    static let headerByteCount = 6
    static let terminator: UInt8 = 0xFF

    /// Nil if header and terminator do not fit the bytes.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.headerByteCount + 1,
            UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)) == UInt32(clamping: bytes.count),
            bytes[bytes.count - 1] == Self.terminator
        else { return nil }
        self.bytes = bytes
    }

    /// The next entry; nil at the terminator, or where the listpack is damaged.
    mutating func next() -> ListpackEntry? {
        guard isIntact, position < bytes.count - 1 else { return nil }
        guard let (entry, count) = entry(at: position) else {
            isIntact = false
            return nil
        }
        let next = position + count + Self.backLengthByteCount(count)
        guard next <= bytes.count - 1 else {
            isIntact = false
            return nil
        }
        position = next
        return entry
    }

    /// The entry at a position and the bytes of its encoding and content.
    private func entry(at position: Int) -> (ListpackEntry, Int)? {
        let first = bytes[position]
        switch first {
        case 0x00...0x7F: return (.integer(Int64(first)), 1)
        case 0x80...0xBF: return string(position, headerByteCount: 1, byteCount: Int(first & 0x3F))
        case 0xC0...0xDF:
            guard let low = number(position + 1, byteCount: 1) else { return nil }
            let value = Int64(first & 0x1F) << 8 | low
            return (.integer(value >= 1 << 12 ? value - (1 << 13) : value), 2)
        case 0xE0...0xEF:
            guard let low = number(position + 1, byteCount: 1) else { return nil }
            return string(position, headerByteCount: 2, byteCount: Int(first & 0x0F) << 8 | Int(low))
        case 0xF0:
            guard let count = number(position + 1, byteCount: 4) else { return nil }
            return string(position, headerByteCount: 5, byteCount: Int(count))
        case 0xF1: return integer(position, byteCount: 2)
        case 0xF2: return integer(position, byteCount: 3)
        case 0xF3: return integer(position, byteCount: 4)
        case 0xF4: return integer(position, byteCount: 8)
        default: return nil
        }
    }

    private func string(_ position: Int, headerByteCount: Int, byteCount: Int) -> (ListpackEntry, Int)? {
        let start = position + headerByteCount
        guard byteCount <= bytes.count - 1 - start else { return nil }
        let content = UnsafeRawBufferPointer(rebasing: bytes[start..<start + byteCount])
        return (.string(content), headerByteCount + byteCount)
    }

    private func integer(_ position: Int, byteCount: Int) -> (ListpackEntry, Int)? {
        guard let raw = number(position + 1, byteCount: byteCount) else { return nil }
        let unused = Int64(64 - 8 * byteCount)
        return (.integer((raw << unused) >> unused), 1 + byteCount)
    }

    /// Little-endian, not sign-extended.
    private func number(_ position: Int, byteCount: Int) -> Int64? {
        guard byteCount <= bytes.count - 1 - position else { return nil }
        var value: Int64 = 0
        for index in 0..<byteCount {
            value |= Int64(bytes[position + index]) << Int64(8 * index)
        }
        return value
    }

    static func backLengthByteCount(_ count: Int) -> Int {
        count <= 127 ? 1 : count < 16_383 ? 2 : count < 2_097_151 ? 3 : count < 268_435_455 ? 4 : 5
    }
}
