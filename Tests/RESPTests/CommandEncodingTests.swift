import NIOCore
import RESP
import Testing

struct CommandEncodingTests {
    @Test func `a command is an array of bulk strings`() {
        var buffer = ByteBuffer()
        buffer.writeCommand("SET", .bytes(ByteBuffer(bytes: [0, 13, 10, 255])), 42)
        #expect(
            Array(buffer.readableBytesView)
                == Array("*3\r\n$3\r\nSET\r\n$4\r\n".utf8) + [0, 13, 10, 255] + Array("\r\n$2\r\n42\r\n".utf8)
        )
    }

    @Test(
        arguments: [
            0, 1, 9, 10, 99, 100, 12_345, 999_999_999, 1_000_000_000, -1, -10, .max, .min, .max - 1, .min + 1,
        ] as [Int64]
    )
    func `integers are written in decimal`(value: Int64) {
        var buffer = ByteBuffer()
        buffer.writeBulkInteger(value)
        let text = String(value)
        #expect(String(buffer: buffer) == "$\(text.utf8.count)\r\n\(text)\r\n")
    }

    @Test func `every way to write a string gives the same bytes`() {
        let text = "a key with spaces"
        let expected = "$17\r\na key with spaces\r\n"
        var buffer = ByteBuffer()
        buffer.writeBulk("a key with spaces" as StaticString)
        buffer.writeBulk(text)
        buffer.writeBulk(ByteBuffer(string: text))
        let bytes = Array(text.utf8)
        bytes.withUnsafeBytes { buffer.writeBulk($0) }
        buffer.writeBulk(bytes.span.bytes)
        buffer.writeBulkHeader(byteCount: bytes.count)
        buffer.writeBytes(bytes)
        buffer.writeBulkEnd()
        #expect(String(buffer: buffer) == String(repeating: expected, count: 6))
    }

    @Test func `empty strings are written`() {
        var buffer = ByteBuffer()
        buffer.writeBulk("" as StaticString)
        buffer.writeBulk(ByteBuffer())
        #expect(String(buffer: buffer) == "$0\r\n\r\n$0\r\n\r\n")
    }

    @Test func `what is written is read back as an array of strings`() throws {
        var buffer = ByteBuffer()
        buffer.writeCommand("PING", "x")
        var parser = RESPParser()
        let value = try #require(try parser.next(&buffer))
        #expect(value.elements?.map(\.text) == ["PING", "x"])
    }
}
