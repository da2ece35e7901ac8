import NIOCore
import Restore
import TestSupport
import Testing

@Suite struct GlobPatternTests {
    private static func matches(_ pattern: String, _ key: [UInt8]) -> Bool {
        GlobPattern(pattern).matches(ByteBuffer(bytes: key))
    }

    @Test(
        arguments: [
            ("*", "", true), ("**", "", false), ("", "", true), ("", "a", false), ("a*", "a", true), ("a**", "a", true),
            ("user:*:name", "user:17:name", true), ("user:*:name", "user:17:names", false), ("h?llo", "hello", true),
            ("h?llo", "hllo", false), ("h[ae]llo", "hallo", true), ("h[^e]llo", "hello", false),
            ("h[a-c]llo", "hbllo", true), ("h[c-a]llo", "hbllo", true), ("a\\*b", "a*b", true), ("a\\*b", "axb", false),
            ("[", "a", false), ("[a", "a", true), ("[^", "a", true), ("a\\", "a\\", true), ("[a-]", "]", true),
            ("[\\]]", "]", true), ("*a*a*a*b", "aaaaaaaaaaaa", false),
        ]
    ) func `a pattern matches as the server's MATCH does`(pattern: String, key: String, expected: Bool) {
        #expect(Self.matches(pattern, Array(key.utf8)) == expected, "\(pattern) and \(key)")
    }

    @Test func `a pattern that would take exponential time gives up as the server does`() {
        let pattern = String(repeating: "*a", count: 500) + "b"
        #expect(!Self.matches(pattern, [UInt8](repeating: 0x61, count: 2000)))
    }

    @Test func `random patterns choose the keys that KEYS of a real server answers`() async throws {
        let server = try await RedisServer.start()
        let client = try server.client()
        var random = SeededGenerator.fromEnvironment("glob patterns", fallback: 11)
        let alphabet = Array("ab-c]^[\\*?".utf8)
        func text(_ longest: Int) -> [UInt8] {
            (0..<Int.random(in: 0...longest, using: &random)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
        }
        var keys: Set<[UInt8]> = []
        for _ in 0..<300 { keys.insert(text(6)) }
        for key in keys { try client.command("SET", RedisArgument(key), "x") }
        for _ in 0..<2000 {
            let pattern = text(8)
            let answer = try client.command("KEYS", RedisArgument(pattern)).array ?? []
            let expected = Set(answer.compactMap(\.bytes))
            let name = String(decoding: pattern, as: UTF8.self)
            let found = keys.filter { Self.matches(name, $0) }
            #expect(found == expected, "seed \(random.seed), pattern \(name)")
            if found != expected { return }
        }
    }
}
