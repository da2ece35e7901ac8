import NIOCore
import RDB
import RESP

/// Writes a long string under a key that does not exist, piece by piece.
///
/// ```
/// SETRANGE key <length - 1> "\0"   makes all of it at once: a string that grows would be copied again and again
/// SETRANGE key <offset> piece
/// ```
struct StringPieces {
    /// A command ends here, so that the server is not kept from others.
    static let pieceByteLimit = 256 << 10

    let key: ByteBuffer
    /// The length of the string if it is known beforehand, as it is of every plain one.
    let byteCount: UInt64?
    private var offset: UInt64 = 0
    private(set) var output = ByteBuffer()
    private(set) var commandCount = 0

    init(key: ByteBuffer, byteCount: UInt64?) {
        self.key = key
        self.byteCount = byteCount
    }

    mutating func append(_ part: ByteBuffer) {
        if offset == 0 { begin() }
        var rest = part
        while rest.readableBytes > 0,
            let piece = rest.readSlice(length: min(rest.readableBytes, Self.pieceByteLimit))
        {
            if byteCount == nil {
                output.writeCommand("APPEND", .bytes(key), .bytes(piece))
            } else {
                output.writeCommand("SETRANGE", .bytes(key), .number(Int64(clamping: offset)), .bytes(piece))
            }
            commandCount += 1
            offset += UInt64(piece.readableBytes)
        }
    }

    private mutating func begin() {
        if let byteCount, byteCount > 0 {
            output.writeCommand(
                "SETRANGE",
                .bytes(key),
                .number(Int64(clamping: byteCount - 1)),
                .bytes(ByteBuffer(bytes: [0]))
            )
        } else {
            output.writeCommand("SET", .bytes(key), "")
        }
        commandCount += 1
    }

    mutating func takeOutput() -> ByteBuffer {
        var taken = ByteBuffer()
        swap(&taken, &output)
        return taken
    }
}
