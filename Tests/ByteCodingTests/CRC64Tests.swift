import ByteCoding
import TestSupport
import Testing

@Suite("CRC-64")
struct CRC64Tests {
    /// Bit by bit, from the definition.
    private func reference(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var crc: UInt64 = 0
        for byte in bytes {
            crc ^= UInt64(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x95AC_9329_AC4B_C9B5 : crc >> 1 }
        }
        return crc
    }

    private func crc(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes { CRC64.of($0) } }

    @Test("the check value is the one that Redis documents")
    func checkValue() {
        #expect(crc(Array("123456789".utf8)) == 0xE9C6_D914_C4B8_D9CA)
        #expect(crc([]) == 0)
    }

    @Test("every length up to 4 KiB, and lengths around the lanes, agree with the definition")
    func lengths() {
        var generator = SeededGenerator.fromEnvironment("CRC-64 lengths", fallback: 21)
        let bytes = generator.bytes(9300)
        for count in Array(0...200) + [1023, 1024, 3071, 3072, 3073, 3087, 6143, 6144, 6160, 9215, 9216, 9300] {
            #expect(
                crc(Array(bytes.prefix(count))) == reference(bytes.prefix(count)),
                "\(count) seed \(generator.seed)"
            )
        }
    }

    @Test("with the processor's instruction or without, random bytes from a random start agree with the definition")
    func folding() {
        var generator = SeededGenerator.fromEnvironment("CRC-64 folding", fallback: 24)
        let bytes = generator.bytes(12_000)
        for round in 0..<600 {
            // From both sides of where folding begins, and of whole lanes.
            let longest = [40, 300, 4000, 11_000][round % 4]
            let start = Int.random(in: 0..<900, using: &generator)
            let part = bytes[start..<start + Int.random(in: 0...longest, using: &generator)]
            let middle = Int.random(in: part.startIndex...part.endIndex, using: &generator)
            let expected = reference(part)
            for isFolding in [false, true] {
                var crc = CRC64()
                bytes.withUnsafeBytes { all in
                    crc.update(UnsafeRawBufferPointer(rebasing: all[start..<middle]), folding: isFolding)
                    crc.update(UnsafeRawBufferPointer(rebasing: all[middle..<part.endIndex]), folding: isFolding)
                }
                #expect(crc.value == expected, "\(start), \(middle), \(part.endIndex), seed \(generator.seed)")
            }
        }
    }

    @Test("where the input is split makes no difference")
    func splits() {
        var generator = SeededGenerator.fromEnvironment("CRC-64 splits", fallback: 22)
        let bytes = generator.bytes(7000)
        let expected = reference(bytes)
        for split in stride(from: 0, through: 7000, by: 37) {
            var crc = CRC64()
            bytes.withUnsafeBytes { all in
                crc.update(UnsafeRawBufferPointer(rebasing: all[..<split]))
                crc.update(UnsafeRawBufferPointer(rebasing: all[split...]))
            }
            #expect(crc.value == expected, "\(split) seed \(generator.seed)")
        }
    }

    @Test("taking bytes back gives the value from before them")
    func rewind() {
        var generator = SeededGenerator.fromEnvironment("CRC-64 rewind", fallback: 23)
        let bytes = generator.bytes(500)
        for kept in [0, 1, 250, 499, 500] {
            var crc = CRC64()
            bytes.withUnsafeBytes { all in
                crc.update(all)
                crc.rewind(UnsafeRawBufferPointer(rebasing: all[kept...]))
            }
            #expect(crc.value == reference(bytes.prefix(kept)), "\(kept) seed \(generator.seed)")
        }
    }

    @Test("a span gives what its bytes give, and a CRC can be resumed from its value")
    func spans() {
        let head = Array("1234".utf8)
        let tail = Array("56789".utf8)
        var first = CRC64()
        first.update(head.span.bytes)
        var second = CRC64(resuming: first.value)
        second.update(tail.span.bytes)
        #expect(second.value == 0xE9C6_D914_C4B8_D9CA)
    }
}
