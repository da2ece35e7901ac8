import NIOCore
import RESP
import Testing

/// Commands as replicas of old and new versions send them.
struct CommandReaderTests {
    private static let bytes =
        "PING\r\n\n\n*3\r\n$8\r\nREPLCONF\r\n$4\r\ncapa\r\n$3\r\neof\r\nREPLCONF ACK 12\n*1\r\n$4\r\nPING\r\n\r\n"
    private static let commands = [["PING"], ["REPLCONF", "capa", "eof"], ["REPLCONF", "ACK", "12"], ["PING"]]

    private static func read(_ text: String, pieceByteCount: Int) throws -> [[String]] {
        var reader = CommandReader()
        var input = ByteBuffer()
        var commands: [[String]] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            input.writeBytes(rest.prefix(pieceByteCount))
            rest = rest.dropFirst(pieceByteCount)
            while let command = try reader.next(&input) { commands.append(command) }
        }
        return commands
    }

    @Test(arguments: [1, 2, 3, 5, 1000]) func `words on a line and arrays come out alike, cut anywhere`(
        pieceByteCount: Int
    ) throws {
        #expect(try Self.read(Self.bytes, pieceByteCount: pieceByteCount) == Self.commands)
    }

    @Test func `a line without an end is an error, and so is what is no command`() {
        let endless = String(repeating: "x", count: RESPTokenizer.lineByteLimit + 1)
        #expect(throws: RESPError.self) { try Self.read(endless, pieceByteCount: 4096) }
        #expect(throws: RESPError.self) { try Self.read("*1\r\n$-5\r\n", pieceByteCount: 4096) }
    }
}
