import Foundation
import Fuzzing
import TestSupport
import Testing

/// Row 4 of the fault tests in short: the fuzzer's targets over the stored inputs and over some random ones.
///
/// `Scripts/fuzz` searches on.
struct FuzzingTests {
    /// The inputs in `Tests/Fuzzing/Regressions`: what the fuzzer found once, and a good one of each target.
    private static func stored(_ target: FuzzTarget) throws -> [(path: String, bytes: [UInt8])] {
        try ProjectFile.paths(below: "Tests/Fuzzing/Regressions/" + target.name).map { path in
            (path, Array(try Data(contentsOf: URL(fileURLWithPath: ProjectFile.root + "/" + path))))
        }
    }

    @Test(arguments: FuzzTarget.all.map(\.name)) func `a target holds for every stored input`(name: String) throws {
        let target = try #require(FuzzTarget.named(name))
        let inputs = try Self.stored(target)
        #expect(!inputs.isEmpty)
        for (path, bytes) in inputs {
            #expect(throws: Never.self, "\(path)") { try target.check(bytes) }
        }
    }

    @Test(arguments: FuzzTarget.all.map(\.name)) func `a target holds for mutated inputs`(name: String) throws {
        let target = try #require(FuzzTarget.named(name))
        var random = SeededGenerator.fromEnvironment("fuzzing \(name)", fallback: 71)
        let inputs = try Self.stored(target).map(\.bytes)
        for round in 0..<TestExtent.count(bounded: 150, whole: 20_000) {
            let bytes = Self.mutated(inputs, &random)
            do { try target.check(bytes) } catch {
                Issue.record("round \(round) of seed \(random.seed), \(bytes): \(error)")
                return
            }
        }
    }

    @Test func `the canary is a finding`() {
        #expect(throws: FuzzFinding.self) { try FuzzTarget.canary.check(Array("no!".utf8)) }
        #expect(throws: Never.self) { try FuzzTarget.canary.check(Array("yes".utf8)) }
    }

    private static func mutated(_ inputs: [[UInt8]], _ random: inout SeededGenerator) -> [UInt8] {
        guard var bytes = inputs.randomElement(using: &random), !bytes.isEmpty, random.chance(90) else {
            return random.bytes(Int.random(in: 0...100, using: &random))
        }
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            let index = Int.random(in: bytes.indices, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[index] = random.bytes(1)[0]
            case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2: bytes.insert(contentsOf: random.bytes(2), at: index)
            default: if bytes.count > 1 { bytes.remove(at: index) }
            }
        }
        return bytes
    }
}
