import ByteCoding
import NIOCore
import RDB

/// Builds RDB bytes by hand, so that fixtures say what they are.
struct RDBBytes {
    var bytes: [UInt8] = []

    static func build(_ body: (inout Self) -> Void) -> [UInt8] {
        var builder = Self()
        body(&builder)
        return builder.bytes
    }

    /// A stream: magic, content, end, checksum.
    static func stream(_ magic: String, checksum: UInt64? = nil, _ content: (inout Self) -> Void) -> [UInt8] {
        build { file in
            file.raw(Array(magic.utf8))
            content(&file)
            file.byte(255)
            let crc = checksum ?? file.bytes.withUnsafeBytes { CRC64.of($0) }
            file.littleEndian(crc)
        }
    }

    mutating func byte(_ value: UInt8) { bytes.append(value) }
    mutating func raw(_ value: [UInt8]) { bytes += value }

    /// In the shortest form.
    mutating func length(_ value: UInt64) {
        var buffer = ByteBuffer()
        RDBLength.write(value, into: &buffer)
        bytes += buffer.readableBytesView
    }

    mutating func littleEndian(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }

    mutating func string(_ text: String) { string(Array(text.utf8)) }

    mutating func string(_ content: [UInt8]) {
        length(UInt64(content.count))
        bytes += content
    }

    mutating func integer(_ value: Int8) { bytes += [0xC0, UInt8(bitPattern: value)] }

    mutating func integer(_ value: Int16) {
        bytes.append(0xC1)
        littleEndian(value)
    }

    mutating func integer(_ value: Int32) {
        bytes.append(0xC2)
        littleEndian(value)
    }

    /// `count` (10 to 265) times the same byte, compressed: one literal, one copy.
    mutating func compressed(_ byte: UInt8, count: Int) {
        let content: [UInt8] = [0x00, byte, 0xE0, UInt8(count - 10), 0x00]
        bytes.append(0xC3)
        length(UInt64(content.count))
        length(UInt64(count))
        bytes += content
    }

    /// Any content as LZF that only has literals.
    mutating func compressedLiterally(_ content: [UInt8]) {
        var literals: [UInt8] = []
        for start in stride(from: 0, to: content.count, by: 32) {
            let run = content[start..<min(start + 32, content.count)]
            literals += [UInt8(run.count - 1)] + run
        }
        bytes.append(0xC3)
        length(UInt64(literals.count))
        length(UInt64(content.count))
        bytes += literals
    }

    /// Type, key, body.
    mutating func record(_ type: UInt8, _ key: String, _ body: [UInt8]) {
        byte(type)
        string(key)
        raw(body)
    }

    /// A listpack of small numbers (0 to 127) and short texts.
    static func listpack(_ entries: [ListpackItem]) -> [UInt8] {
        var content: [UInt8] = []
        for entry in entries {
            let encoded: [UInt8] =
                switch entry {
                case .number(let value): [value]
                case .wide(let value): [0xF4] + withUnsafeBytes(of: value.littleEndian) { Array($0) }
                case .text(let text): [0x80 | UInt8(text.utf8.count)] + Array(text.utf8)
                }
            content += encoded + [UInt8(encoded.count)]
        }
        return build { listpack in
            listpack.littleEndian(UInt32(7 + content.count))
            listpack.littleEndian(UInt16(entries.count))
            listpack.raw(content)
            listpack.byte(0xFF)
        }
    }

    enum ListpackItem {
        case number(UInt8)
        /// As a 64-bit integer.
        case wide(Int64)
        case text(String)
    }
}
