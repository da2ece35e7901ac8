import Foundation
import Operations
import SnapshotModel
import TestSupport
import Testing

/// Values that only their module can decode are compared by what the server makes of them.
@Suite(.serialized)
struct VectorSetDrillTests {
    private static let dimensionCount = 8

    private static func vector(_ random: inout SeededGenerator) -> [RedisArgument] {
        (0..<dimensionCount).map { _ in RedisArgument("\(Double.random(in: -1...1, using: &random))") }
    }

    private static func add(
        _ client: RedisClient,
        _ element: String,
        to key: String,
        _ random: inout SeededGenerator
    ) throws {
        let words: [RedisArgument] = ["VADD", RedisArgument(key), "VALUES", RedisArgument(Int64(dimensionCount))]
        try client.command(words + vector(&random) + [RedisArgument(element)])
    }

    /// A small one, and one that is read by itself.
    private static func fill(_ client: RedisClient) throws {
        var random = SeededGenerator(seed: 8)
        for index in 0..<40 { try add(client, "element:\(index)", to: "vectors", &random) }
        for index in 0..<2000 { try add(client, "a longer name of an element:\(index)", to: "many vectors", &random) }
        try client.command("VSETATTR", "vectors", "element:3", #"{"year": 1990, "text": "aaaaaaaaaaaaaaaaaaaaaaaaa"}"#)
        try client.command("SET", "string", "a")
    }

    @Test(
        "a vector set passes a drill, and one that is damaged does not",
        arguments: try await ServerMatrix.present().filter { $0.knows(.vectorSets) }
    )
    func vectorSets(_ binary: ServerBinary) async throws {
        let bench = try await DrillBench(binary, fill: Self.fill)
        let outcome = try await bench.drill()
        #expect(outcome.record.result == .pass, "\(binary): \(String(describing: outcome.record.reason))")
        #expect(outcome.record.comparedKeyCount == 3 && outcome.findings?.undecided == [:], "\(binary)")
        let damages: [@Sendable (RedisClient) throws -> Void] = [
            { client in
                var random = SeededGenerator(seed: 9)
                try Self.add(client, "element:7", to: "vectors", &random)
            },
            { try $0.command("VSETATTR", "vectors", "element:3", #"{"year": 1991}"#) },
            { try $0.command("VREM", "vectors", "element:5") },
        ]
        for (number, damage) in damages.enumerated() {
            let bad = try await bench.drill(damage: damage)
            #expect(bad.record.differences == [.value: 1], "\(binary), damage \(number): \(bad.record)")
            let told = bad.findings?.differences.first
            #expect(told.map { String(decoding: $0.key, as: UTF8.self) } == "vectors", "\(binary), damage \(number)")
            #expect(bad.record.comparedKeyCount == 3)
        }
        // What the proof has loaded beside it is gone.
        #expect(try await bench.drill().record.differences == [:])
    }
}
