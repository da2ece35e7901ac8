import Operations
import Restore
import SnapshotModel
import TestSupport
import Testing

/// The memory that a plan foretells, held against what a server then needs.
@Suite(.serialized) struct EstimateTests {
    struct Keyspace: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let keyCount: Int
        let command: @Sendable (Int) -> [RedisArgument]

        static let all: [Self] = [
            Self(testDescription: "small strings", keyCount: 40_000) { ["SET", "k:\($0)", "v\($0)"] },
            Self(testDescription: "strings with a deadline", keyCount: 40_000) {
                ["SET", "k:\($0)", "v\($0)", "EX", "100000"]
            },
            Self(testDescription: "large strings", keyCount: 100) {
                ["SET", "k:\($0)", RedisArgument(Array(repeating: UInt8($0), count: 60_000))]
            },
            Self(testDescription: "small hashes", keyCount: 5000) { key in
                ["HSET", "h:\(key)"] + (0..<20).map { RedisArgument("member-\($0)-\(key)") }
            },
            Self(testDescription: "large hashes", keyCount: 100) { key in
                ["HSET", "h:\(key)"] + (0..<2000).map { RedisArgument("member-\($0)-\(key)") }
            },
            Self(testDescription: "large sets", keyCount: 100) { key in
                ["SADD", "s:\(key)"] + (0..<1000).map { RedisArgument("member-\($0)") }
            },
            Self(testDescription: "large sorted sets", keyCount: 100) { key in
                ["ZADD", "z:\(key)"]
                    + (0..<1000).flatMap { [RedisArgument(Int64($0)), RedisArgument("member-\($0)")] }
            },
            Self(testDescription: "lists", keyCount: 100) { key in
                ["RPUSH", "l:\(key)"] + (0..<1000).map { RedisArgument("member-\($0)") }
            },
        ]
    }

    @Test(arguments: Keyspace.all)
    func `a plan foretells the memory within a third less and two thirds more`(_ keyspace: Keyspace) async throws {
        // As in an archive, where strings are unwrapped.
        let source = try await RedisServer.start(.init(lines: ["rdbcompression no"]))
        let client = try source.client()
        func usedMemory() throws -> Double {
            Double(try #require(try client.info("memory", "used_memory").flatMap { Int64($0) }))
        }
        let before = try usedMemory()
        for start in stride(from: 0, to: keyspace.keyCount, by: 1000) {
            let keys = start..<min(start + 1000, keyspace.keyCount)
            _ = try client.pipeline(keys.map(keyspace.command))
        }
        let needed = try usedMemory() - before
        let fixture = try await ArchiveFixture.make(
            try ArchiveFixture.Record.all(of: source),
            instant: UnixMilliseconds.now,
            blockByteCount: 1 << 20
        )
        let target = try await RedisServer.start()
        let estimate = try await RestoreHarness(fixture).plan(target).estimate
        let ratio = Double(estimate.likelyMemoryByteCount) / needed
        #expect((0.67...1.67).contains(ratio), "\(estimate.likelyMemoryByteCount) of \(needed)")
        #expect(Double(estimate.leastMemoryByteCount) <= needed)
    }
}
