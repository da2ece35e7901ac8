import ByteCoding
import TestSupport
import Testing

@Suite("LZF")
struct LZFTests {
    /// Decompresses in one go; nil if it is refused.
    private func whole(_ compressed: [UInt8], _ count: Int) -> [UInt8]? {
        var output = [UInt8](repeating: 0xEE, count: count)
        let isComplete = compressed.withUnsafeBytes { input in
            output.withUnsafeMutableBytes { LZF.decompress(input, into: $0) }
        }
        return isComplete ? output : nil
    }

    /// Decompresses in pieces of input and output; nil if it is refused, or asks for more than there is.
    private func streamed(_ compressed: [UInt8], _ count: Int, inputPiece: Int, outputPiece: Int) -> [UInt8]? {
        var stream = LZFStream()
        stream.reset(inputByteCount: UInt64(compressed.count), outputByteCount: UInt64(count))
        var output: [UInt8] = []
        var position = 0
        var piece = [UInt8](repeating: 0, count: outputPiece)
        while true {
            let end = min(position + inputPiece, compressed.count)
            var isFinished = false
            var isRefused = false
            compressed.withUnsafeBytes { input in
                piece.withUnsafeMutableBytes { room in
                    guard let inputStart = input.baseAddress, let start = room.baseAddress else { return }
                    var next = inputStart + position
                    var write = start
                    switch stream.decompress(&next, inputStart + end, into: &write, start + room.count) {
                    case .done: isFinished = true
                    case .malformed: isRefused = true
                    case .needsInput: isRefused = end == compressed.count
                    case .outputFull: break
                    }
                    position = next - inputStart
                    output += UnsafeRawBufferPointer(start: start, count: write - start)
                }
            }
            if isRefused { return nil }
            if isFinished { return output }
        }
    }

    @Test("literals and copies of every form give the documented bytes")
    func vectors() {
        #expect(whole([0x02, 1, 2, 3], 3) == [1, 2, 3])
        #expect(whole([0x00, 9, 0x20, 0x00], 4) == [9, 9, 9, 9])
        #expect(whole([0x01, 7, 8, 0xE0, 0x02, 0x01], 13) == [7, 8, 7, 8, 7, 8, 7, 8, 7, 8, 7, 8, 7])
        #expect(whole([], 0) == [])
    }

    @Test("what does not give exactly the declared length is refused")
    func refusals() {
        #expect(whole([0x02, 1, 2, 3], 4) == nil)
        #expect(whole([0x02, 1, 2, 3], 2) == nil)
        #expect(whole([0x02, 1, 2], 3) == nil)
        #expect(whole([0x20, 0x00], 3) == nil, "a copy from before the start")
        #expect(whole([0x00, 9, 0x20, 0x01], 4) == nil, "a copy from one byte before the start")
        #expect(whole([0x00, 9, 0xE0], 12) == nil, "a copy without its length")
        #expect(whole([0x00, 9, 0xE0, 0x02], 12) == nil, "a copy without its distance")
    }

    @Test("copies of every distance up to 40 and many lengths overlap as byte-by-byte copying does")
    func overlaps() {
        for distance in 1...40 {
            let seed = (0..<distance).map { UInt8(truncatingIfNeeded: $0 * 7 + 1) }
            for count in [3, 8, 9, 10, 15, 16, 17, 31, 32, 33, 100, 264] {
                for slack in [0, 5, 40] {
                    var expected = seed
                    for _ in 0..<count { expected.append(expected[expected.count - distance]) }
                    let tail = [UInt8](repeating: 0xAB, count: slack)
                    var compressed: [UInt8] = []
                    for start in stride(from: 0, to: seed.count, by: 32) {
                        let run = seed[start..<min(start + 32, seed.count)]
                        compressed += [UInt8(run.count - 1)] + run
                    }
                    compressed +=
                        count <= 8
                        ? [UInt8(count - 2) << 5, UInt8(distance - 1)]
                        : [0xE0, UInt8(count - 9), UInt8(distance - 1)]
                    for start in stride(from: 0, to: slack, by: 32) {
                        let run = tail[start..<min(start + 32, slack)]
                        compressed += [UInt8(run.count - 1)] + run
                    }
                    #expect(
                        whole(compressed, expected.count + slack) == expected + tail,
                        "\(distance) \(count) \(slack)"
                    )
                }
            }
        }
    }

    @Test("pieces of any size give what decompressing in one go gives")
    func pieces() {
        var generator = SeededGenerator.fromEnvironment("LZF pieces", fallback: 11)
        let plain = text(20_000, &generator)
        let compressed = LZFEncoder.compress(plain)
        #expect(compressed.count < plain.count)
        #expect(whole(compressed, plain.count) == plain)
        for inputPiece in [1, 2, 3, 7, 1000, compressed.count] {
            for outputPiece in [1, 2, 5, 8191, 8192, 8193, plain.count] {
                let result = streamed(compressed, plain.count, inputPiece: inputPiece, outputPiece: outputPiece)
                #expect(result == plain, "\(inputPiece) \(outputPiece) seed \(generator.seed)")
            }
        }
    }

    @Test("a stream refuses what decompressing in one go refuses")
    func streamRefusals() {
        var generator = SeededGenerator.fromEnvironment("LZF refusals", fallback: 12)
        let plain = text(300, &generator)
        let compressed = LZFEncoder.compress(plain)
        var refused = 0
        for _ in 0..<3000 {
            var damaged = compressed
            damaged[Int.random(in: 0..<damaged.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            if generator.chance(20) { damaged.removeLast(Int.random(in: 1...20, using: &generator)) }
            let count = generator.chance(80) ? plain.count : Int.random(in: 0...600, using: &generator)
            let expected = whole(damaged, count)
            if expected == nil { refused += 1 }
            let result = streamed(damaged, count, inputPiece: 5, outputPiece: 64)
            #expect(result == expected, "seed \(generator.seed)")
        }
        #expect(refused > 100, "the damage must be seen at all, seed \(generator.seed)")
    }

    /// Words with repetitions, so that there is something to compress.
    private func text(_ count: Int, _ generator: inout SeededGenerator) -> [UInt8] {
        let words = (0..<40).map { _ in generator.bytes(Int.random(in: 1...12, using: &generator)) }
        var text: [UInt8] = []
        while text.count < count { text += words[Int.random(in: 0..<words.count, using: &generator)] }
        return Array(text.prefix(count))
    }
}
