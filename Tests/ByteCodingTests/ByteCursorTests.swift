import ByteCoding
import NIOCore
import Testing

@Suite("byte cursor and varints")
struct ByteCursorTests {
    @Test("integers come out in their byte order, and a read past the end moves nothing")
    func integers() {
        let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7]
        bytes.withUnsafeBytes { raw in
            var cursor = ByteCursor(raw)
            #expect(cursor.readByte() == 1)
            #expect(cursor.readLittleEndian(UInt16.self) == 0x0302)
            #expect(cursor.readBigEndian(UInt16.self) == 0x0405)
            #expect(cursor.readLittleEndian(UInt32.self) == nil)
            #expect(cursor.position == 5)
            #expect(cursor.readBytes(3) == nil)
            #expect(cursor.skip(-1) == false)
            #expect(cursor.readBytes(2).map(Array.init) == [6, 7])
            #expect(cursor.isAtEnd)
            #expect(cursor.readByte() == nil)
        }
    }

    @Test(
        "varints of every width come back from cursor and buffer",
        arguments: [0, 1, 127, 128, 16_383, 16_384, 1 << 32, 1 << 62, 1 << 63, .max] as [UInt64]
    )
    func varints(value: UInt64) {
        var buffer = ByteBuffer()
        let count = buffer.writeVarint(value)
        #expect(count == buffer.readableBytes)
        #expect(count == max(1, (64 - value.leadingZeroBitCount + 6) / 7))
        buffer.withUnsafeReadableBytes { raw in
            var cursor = ByteCursor(raw)
            #expect(cursor.readVarint() == value)
            #expect(cursor.isAtEnd)
            var short = ByteCursor(UnsafeRawBufferPointer(rebasing: raw.dropLast()))
            #expect(short.readVarint() == nil)
            #expect(short.position == 0)
        }
        #expect(buffer.readVarint() == value)
        #expect(buffer.readableBytes == 0)
    }

    @Test("a varint of more than 64 bits is refused")
    func tooWide() {
        let bytes = [UInt8](repeating: 0xFF, count: 9) + [0x02]
        bytes.withUnsafeBytes { raw in
            var cursor = ByteCursor(raw)
            #expect(cursor.readVarint() == nil)
            #expect(cursor.position == 0)
        }
        var endless = ByteBuffer(repeating: 0x80, count: 12)
        #expect(endless.readVarint() == nil)
    }

    @Test("little-endian integers are written as such")
    func littleEndian() {
        var buffer = ByteBuffer()
        buffer.writeLittleEndian(UInt16(0x0102))
        buffer.writeLittleEndian(Int64(-2))
        #expect(Array(buffer.readableBytesView) == [2, 1, 0xFE] + [UInt8](repeating: 0xFF, count: 7))
    }
}
