import NIOCore
import RDB
import SnapshotModel
import TestSupport
import Testing

@Suite("skimming pieces, truncated and damaged streams")
struct SkimmerRobustnessTests {
    private static let wide: [[UInt8]] = [StreamFixtures.redis, StreamFixtures.valkey]

    @Test("a split at any byte gives the same items", arguments: wide)
    func splits(stream: [UInt8]) throws {
        let expected = try Skimming().items(stream)
        for split in 0...stream.count {
            let items = try Skimming(pieces: [split, Int.max]).items(stream)
            try #require(items == expected, "split at \(split)")
        }
    }

    @Test("pieces of any small size and outputs of any small size give the same items", arguments: wide)
    func smallPieces(stream: [UInt8]) throws {
        let expected = try Skimming().items(stream)
        for piece in [1, 2, 5, 9, 10, 64] {
            for limit in [1, 2, 3, 8, 9, 31, 33, 100] {
                let items = try Skimming(pieces: [piece], outputLimit: limit).items(stream)
                try #require(items == expected, "pieces of \(piece), output of \(limit)")
            }
        }
    }

    @Test("a value behind metadata of its key is the same in pieces and outputs of any size")
    func valueBehindMetadata() throws {
        let mode = RDBSkimmer.Mode.value(format: PayloadFormat(engine: .redis, rdbVersion: 15), type: 243)
        // No metadata, then a string.
        let body = RDBBytes.build { body in
            body.raw([0, 0])
            body.string("a value of 31 bytes, more or le")
        }
        for piece in 1...body.count {
            for limit in 1...body.count + 1 {
                let items = try Skimming(pieces: [piece], outputLimit: limit).body(of: body, mode: mode)
                try #require(items == body, "pieces of \(piece), output of \(limit)")
            }
        }
    }

    @Test("random pieces of a large compressed value give the same items")
    func largeValues() throws {
        var generator = SeededGenerator.fromEnvironment("RDB pieces", fallback: 31)
        let large = (0..<150_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let stream = RDBBytes.stream("REDIS0010") { file in
            file.record(0, "plain", RDBBytes.build { $0.string(large) })
            file.record(0, "compressed", RDBBytes.build { $0.compressedLiterally(large) })
            file.byte(0)
            file.compressedLiterally(Array(large.prefix(70_000)))
            file.raw([1, 0x76])
        }
        let expected = try Skimming().items(stream)
        for _ in 0..<60 {
            let pieces = (0..<50).map { _ in Int.random(in: 1...9000, using: &generator) }
            let limit = Int.random(in: 1...80_000, using: &generator)
            let items = try Skimming(pieces: pieces, outputLimit: limit).items(stream)
            #expect(items == expected, "seed \(generator.seed)")
        }
    }

    @Test("every truncation is an error that says where", arguments: [StreamFixtures.small, StreamFixtures.redis])
    func truncations(stream: [UInt8]) {
        for count in 0..<stream.count {
            #expect(throws: RDBError.truncated(offset: UInt64(count)), "\(count)") {
                _ = try Skimming().items(Array(stream.prefix(count)))
            }
        }
    }

    @Test("every flipped bit is an error")
    func bitFlips() {
        let stream = StreamFixtures.small
        var undetected: [String] = []
        for index in stream.indices {
            for bit in 0..<8 {
                var damaged = stream
                damaged[index] ^= 1 << bit
                if (try? Skimming().items(damaged)) != nil { undetected.append("byte \(index) bit \(bit)") }
            }
        }
        #expect(undetected == [])
    }

    @Test("a canary: with the checksum set to zero some flipped bits pass unseen")
    func canary() {
        let stream = Array(StreamFixtures.small.dropLast(8)) + [UInt8](repeating: 0, count: 8)
        let passing = stream.indices.dropLast(8).filter { index in
            var damaged = stream
            damaged[index] ^= 1
            return (try? Skimming().items(damaged)) != nil
        }
        #expect(passing.count > 20)
    }

    @Test("damaged streams never crash, and every error is repeated")
    func mutations() {
        var generator = SeededGenerator.fromEnvironment("RDB mutations", fallback: 32)
        var failures = 0
        for round in 0..<1500 {
            var damaged = Self.wide[round % 2]
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let index = Int.random(in: 0..<damaged.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: damaged[index] = UInt8.random(in: 0...255, using: &generator)
                case 1: damaged.remove(at: index)
                case 2: damaged.insert(contentsOf: generator.bytes(3), at: index)
                default: damaged[index] = [0x80, 0x81, 0xC3, 0xFF, 0x3F][Int.random(in: 0..<5, using: &generator)]
                }
            }
            if round % 3 == 0 { damaged = Array(damaged.dropLast(8)) + [UInt8](repeating: 0, count: 8) }
            let piece = Int.random(in: 1...200, using: &generator)
            var skimmer = RDBSkimmer(mode: .stream)
            let skimming = Skimming(pieces: [piece], outputLimit: Int.random(in: 1...500, using: &generator))
            do { _ = try skimming.items(damaged, &skimmer) } catch let error as RDBError {
                failures += 1
                var (input, output) = (ByteBuffer(), ByteBuffer())
                #expect(throws: error) { _ = try skimmer.next(&input, into: &output, outputLimit: 1) }
                #expect(throws: error) { try skimmer.finish() }
                #expect(!error.description.isEmpty)
            } catch { Issue.record("\(error), seed \(generator.seed)") }
        }
        #expect(failures > 750, "the damage must be seen at all, seed \(generator.seed)")
    }

    @Test("random bytes after a valid magic never crash")
    func garbage() {
        var generator = SeededGenerator.fromEnvironment("RDB garbage", fallback: 33)
        for round in 0..<1000 {
            let magic = ["REDIS0015", "VALKEY080", "REDIS0009", "VALKEY081"][round % 4]
            let bytes = Array(magic.utf8) + generator.bytes(Int.random(in: 0...400, using: &generator))
            do { _ = try Skimming(pieces: [37], outputLimit: 64).items(bytes) } catch is RDBError {} catch {
                Issue.record("\(error), seed \(generator.seed)")
            }
        }
    }

    @Test("random bodies of every type never crash")
    func garbageBodies() {
        var generator = SeededGenerator.fromEnvironment("RDB bodies", fallback: 34)
        for format in [PayloadFormat(engine: .redis, rdbVersion: 15), PayloadFormat(engine: .valkey, rdbVersion: 81)] {
            for round in 0..<1500 {
                let type = UInt8(round % 40)
                var body = generator.bytes(Int.random(in: 0...60, using: &generator))
                if let fixture = ValueFixture.of(type, format.engine), generator.chance(50) {
                    body = fixture.stored
                    body[Int.random(in: 0..<body.count, using: &generator)] = UInt8.random(
                        in: 0...255,
                        using: &generator
                    )
                }
                do {
                    let skimming = Skimming(pieces: [11], outputLimit: 32)
                    _ = try skimming.items(body, mode: .value(format: format, type: type))
                } catch is RDBError {} catch { Issue.record("\(error), seed \(generator.seed)") }
            }
        }
    }

    @Test("declared lengths take no memory: neither of a value, nor of a key, nor of a compressed string")
    func declaredLengths() throws {
        let huge: UInt64 = 500 << 20
        let openings: [(String, (inout RDBBytes) -> Void)] = [
            (
                "value",
                { file in
                    file.byte(0)
                    file.string("k")
                    file.length(huge)
                }
            ),
            (
                "key",
                { file in
                    file.byte(0)
                    file.length(huge)
                }
            ),
            (
                "compressed key",
                { file in
                    file.raw([0, 0xC3])
                    file.length(huge / 40)
                    file.length(huge)
                }
            ),
            (
                "compressed value",
                { file in
                    file.byte(0)
                    file.string("k")
                    file.byte(0xC3)
                    file.length(huge)
                    file.length(huge)
                }
            ),
            (
                "auxiliary field",
                { file in
                    file.byte(250)
                    file.length(huge)
                }
            ),
            (
                "counts",
                { file in
                    file.byte(4)
                    file.string("k")
                    file.length(.max)
                }
            ),
        ]
        for (name, opening) in openings {
            let bytes = RDBBytes.build { file in
                file.raw(Array("REDIS0011".utf8))
                opening(&file)
                for _ in 0..<50 { file.raw([0x1F] + [UInt8](repeating: 0x61, count: 32)) }
            }
            var largest = 0
            var skimming = Skimming(pieces: [100], outputLimit: Int.max)
            skimming.observe = { _, output in largest = max(largest, output.capacity) }
            let before = try ProcessMemory.virtualByteCount()
            #expect(throws: RDBError.self, "\(name)") { _ = try skimming.items(bytes) }
            let grown = try ProcessMemory.virtualByteCount() - before
            #expect(largest < 1 << 20, "\(name)")
            #expect(grown < 300 << 20, "\(name)")
        }
    }
}
