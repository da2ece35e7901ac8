import NIOCore
import RESP
import TestSupport
import Testing

struct RESPParserTests {
    private static func parse(_ pieces: [ArraySlice<UInt8>]) throws(RESPError) -> [RESPValue] {
        var parser = RESPParser()
        var input = ByteBuffer()
        var values: [RESPValue] = []
        for piece in pieces {
            input.writeBytes(piece)
            while let value = try parser.next(&input) { values.append(value) }
        }
        #expect(input.readableBytes == 0)
        #expect(parser.isIdle)
        #expect(parser.offset == UInt64(pieces.reduce(0) { $0 + $1.count }))
        return values
    }

    @Test(arguments: RESPSamples.all.indices) func `a whole stream gives its values`(index: Int) throws {
        let sample = RESPSamples.all[index]
        #expect(try Self.parse([Array(sample.stream.utf8)[...]]) == sample.values)
    }

    @Test func `a stream given byte by byte gives the same values`() throws {
        let bytes = Array(RESPSamples.joined.utf8)
        #expect(try Self.parse(bytes.indices.map { bytes[$0...$0] }) == RESPSamples.joinedValues)
    }

    @Test func `a stream split at any two places gives the same values`() throws {
        let bytes = Array(RESPSamples.joined.utf8)
        for first in bytes.indices {
            for second in stride(from: first, to: bytes.count, by: 7) {
                let values = try Self.parse([bytes[..<first], bytes[first..<second], bytes[second...]])
                guard values == RESPSamples.joinedValues else {
                    Issue.record("split at \(first) and \(second)")
                    return
                }
            }
        }
    }

    @Test func `every proper prefix of a reply asks for more and throws nothing`() throws {
        for sample in RESPSamples.all where sample.values.count == 1 {
            let bytes = Array(sample.stream.utf8)
            for count in bytes.indices {
                var parser = RESPParser()
                var input = ByteBuffer(bytes: bytes[..<count])
                #expect(try parser.next(&input) == nil, "\(count) bytes of \(sample.stream.debugDescription)")
            }
        }
    }

    @Test(arguments: [
        ("x\r\n", RESPError.unexpectedByte(0x78, offset: 0)),
        ("+OK\r\n\u{15}", .unexpectedByte(0x15, offset: 5)),
        (":12a\r\n", .malformedLine(offset: 0)),
        (":\r\n", .malformedLine(offset: 0)),
        (":-\r\n", .malformedLine(offset: 0)),
        (":9223372036854775808\r\n", .malformedLine(offset: 0)),
        (":18446744073709551617\r\n", .malformedLine(offset: 0)),
        (":123456789012345678901\r\n", .malformedLine(offset: 0)),
        ("$-2\r\n", .malformedLine(offset: 0)),
        ("*-2\r\n", .malformedLine(offset: 0)),
        ("%-1\r\n", .malformedLine(offset: 0)),
        ("=3\r\ntxt\r\n", .malformedLine(offset: 0)),
        ("#x\r\n", .malformedLine(offset: 0)),
        (",1.5x\r\n", .malformedLine(offset: 0)),
        ("_x\r\n", .malformedLine(offset: 0)),
        ("+a\rb\r\n", .malformedLine(offset: 0)),
        ("$2\r\nabXY", .missingTerminator(offset: 6)),
        ("$2147483649\r\n", .tooLong(declared: 2_147_483_649, offset: 0)),
        ("*2147483649\r\n", .tooLong(declared: 2_147_483_649, offset: 0)),
    ])
    func `a malformed stream is an error with its offset`(stream: String, error: RESPError) {
        var parser = RESPParser()
        var input = ByteBuffer(string: stream)
        #expect(throws: error) { while try parser.next(&input) != nil {} }
    }

    @Test func `a line without an end is an error at the limit`() throws {
        var parser = RESPParser()
        var input = ByteBuffer(repeating: 0x2B, count: RESPTokenizer.lineByteLimit - 1)
        #expect(try parser.next(&input) == nil)
        input.writeInteger(0x2B as UInt8)
        #expect(throws: RESPError.lineTooLong(offset: 0)) { try parser.next(&input) }
    }

    @Test func `nesting is bounded`() throws {
        let deepest = String(repeating: "*1\r\n", count: RESPParser.depthLimit)
        var parser = RESPParser()
        var input = ByteBuffer(string: deepest + ":1\r\n")
        #expect(try parser.next(&input) != nil)
        input = ByteBuffer(string: deepest + "*1\r\n:1\r\n")
        #expect(throws: RESPError.self) { try parser.next(&input) }
    }

    @Test func `a declared length takes no memory before the elements come`() throws {
        var parser = RESPParser()
        var input = ByteBuffer(string: "*2147483648\r\n$2147483648\r\nabc")
        #expect(try parser.next(&input) == nil)
        #expect(input.storageCapacity < 1024)
    }

    @Test func `random bytes give values or an error and the same however they are split`() {
        var generator = SeededGenerator.fromEnvironment("RESP fuzzing", fallback: 20_261_121)
        let alphabet = Array("+-:$*_#,(!=%~>|\r\n0123456789OKtf".utf8)
        for round in 0..<20_000 {
            let count = Int.random(in: 0..<60, using: &generator)
            let bytes = (0..<count).map { _ in
                generator.chance(90)
                    ? alphabet[Int.random(in: alphabet.indices, using: &generator)] : generator.bytes(1)[0]
            }
            let whole = outcome([bytes[...]])
            let single = outcome(bytes.indices.map { bytes[$0...$0] })
            if whole != single {
                Issue.record("seed \(generator.seed), round \(round): \(bytes)")
                return
            }
        }
    }

    /// The values before the first error, and the error.
    private func outcome(_ pieces: [ArraySlice<UInt8>]) -> [String] {
        var parser = RESPParser()
        var input = ByteBuffer()
        var outcome: [String] = []
        do throws(RESPError) {
            for piece in pieces {
                input.writeBytes(piece)
                // Values are compared in text, because NaN equals nothing.
                while let value = try parser.next(&input) { outcome.append("\(value)") }
            }
        } catch {
            outcome.append("\(error)")
        }
        return outcome
    }

    @Test func `mutated streams never end in anything but values or an error`() {
        var generator = SeededGenerator.fromEnvironment("RESP mutations", fallback: 7)
        let original = Array(RESPSamples.joined.utf8)
        var errorCount = 0
        for _ in 0..<5000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = generator.bytes(1)[0]
            }
            var parser = RESPParser()
            var input = ByteBuffer(bytes: bytes)
            var valueCount = 0
            do {
                while try parser.next(&input) != nil { valueCount += 1 }
            } catch {
                errorCount += 1
            }
            #expect(valueCount <= original.count / 3)
        }
        #expect(errorCount > 0)
    }
}
