import Foundation
import TestSupport
import Testing

/// `keys` and `get` against what the server had.
struct LookInsideTests {
    @Test func `values are printed as the server has them`() async throws {
        let bench = try Bench()
        let id = try await bench.snapshot(try await Bench.source())
        let expected = [
            ("greeting", "hello"), ("list", "a\n\"b c\"\n"), ("hash", "field  value\n"), ("set", "1\n2\n"),
            ("zset", "1  one\n2.5  two\n"), ("stream", "1-1  name value\nlast id 1-1, 1 entry\n"),
        ]
        for (key, text) in expected {
            let outcome = try await bench.run("get", [id, key])
            #expect(outcome.output == text, "\(key): \(outcome)")
        }
    }

    @Test func `a raw dump restores to an equal value`() async throws {
        let (source, target) = (try await Bench.source(), try await RedisServer.start())
        let bench = try Bench()
        let id = try await bench.snapshot(source)
        let (before, after) = (try source.client(), try target.client())
        for key in ["greeting", "list", "hash", "set", "zset", "stream"] {
            let standard = try await bench.run("get", [id, key, "--raw-dump", "-"])
            try after.command("RESTORE", RedisArgument(key), "0", RedisArgument(standard.result.output))
            let name = Array(key.utf8)
            let digest = try before.command(before.digestValueCommand(name))
            #expect(try after.command(after.digestValueCommand(name)) == digest, "\(key)")
            let path = bench.rewarm.directory.path("dump")
            #expect(try await bench.run("get", [id, key, "--raw-dump", path]).exitCode == 0)
            #expect(FileManager.default.contents(atPath: path) == Data(standard.result.output), "\(key)")
        }
    }

    @Test func `a value over many blocks comes out byte for byte`() async throws {
        let source = try await RedisServer.start()
        var generator = SeededGenerator(seed: 71)
        let value = (0..<6_000_000).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        try source.client().command("SET", "large", RedisArgument(value))
        let target = try await RedisServer.start()
        let bench = try Bench()
        let id = try await bench.snapshot(source)
        #expect(try await bench.run("get", [id, "large"]).result.output == value)
        let dump = try await bench.run("get", [id, "large", "--raw-dump", "-"]).result.output
        let client = try target.client()
        try client.command("RESTORE", "large", "0", RedisArgument(dump))
        #expect(try client.command("GET", "large").bytes == value)
    }

    @Test func `keys are filtered by pattern, database and type`() async throws {
        let source = try await Bench.source()
        try source.client(database: 3).command("SET", "greeting", "three")
        let bench = try Bench()
        let id = try await bench.snapshot(source)
        func keys(_ options: String...) async throws -> [String] {
            try await bench.run("keys", [id] + options).output.split(separator: "\n").map { String($0) }.sorted()
        }
        #expect(try await keys("--match", "*set") == ["set", "zset"])
        #expect(try await keys("--type", "string", "--database", "0") == ["greeting", "soon"])
        #expect(try await keys("--database", "3") == ["greeting"])
        #expect(try await keys("--match", "nothing*") == [])
        #expect(try await bench.run("get", [id, "greeting", "--database", "3"]).output == "three")
    }
}
