import Testing

@testable import Operations

/// The end of a stream in bounded memory.
struct OutputTailTests {
    @Test(arguments: [1, 7, 16, 17, 100]) func `the last bytes are kept, whatever the pieces`(pieceByteCount: Int) {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        var tail = OutputTail(limit: 16)
        var seen: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: pieceByteCount) {
            let piece = Array(bytes[start..<min(start + pieceByteCount, bytes.count)])
            piece.withUnsafeBytes { tail.append($0) }
            seen += piece
            #expect(tail.kept == Array(seen.suffix(16)))
            #expect(tail.omittedByteCount == UInt64(seen.count - tail.kept.count))
        }
    }
}
