import Policy
import Testing

/// What works and should not be so.
struct PolicyAdviceTests {
    private static let good = """
        source: {url: 'redis://c1', password-file: /pw}
        retention: {daily: 7, min-copies: 2, apply: true}
        metrics: {textfile: /m.prom}
        schedule: {every: day}
        """

    private static func advice(
        _ text: String,
        _ states: [String: PolicyAdvice.FileState] = [:]
    ) throws -> [String] {
        let policy = try PolicyReader.read(text: text, fileName: "web.yaml")
        let warnings = PolicyAdvice(policy) { states[$0] ?? .present(mode: 0o600) }.warnings
        #expect(warnings.allSatisfy { $0.severity == .warning && !$0.hint.isEmpty })
        return warnings.map { "\($0.place.line):\($0.place.column) \($0.keyPath)" }
    }

    @Test func `a good policy gets none`() throws {
        #expect(try Self.advice(Self.good) == [])
    }

    @Test(
        arguments: [
            ("min-copies: 2", "min-copies: 1", "2:35 retention.min-copies"),
            (", min-copies: 2", "", "2:1 retention.min-copies"),
            ("apply: true", "apply: false", "2:45 retention.apply"),
            ("apply: true", "apply: true, grace: 0d", "2:58 retention.grace"),
            ("/m.prom", "/m.txt", "3:21 metrics.textfile"),
            ("url: 'redis://c1', ", "", "4:1 schedule"),
            ("redis://c1", "redis://:pw@c1", "1:15 source.url"),
            ("retention: {daily: 7, min-copies: 2, apply: true}", "", "1:1 retention"),
        ]
    ) func `one change gets one warning at its place`(part: String, other: String, expected: String) throws {
        #expect(try Self.advice(Self.good.replacing(part, with: other)) == [expected])
    }

    @Test(arguments: [("memcached", "999ms", true), ("memcached", "1s", false), ("redis", "999ms", false)])
    func `a tolerance below a second means nothing to Memcached`(family: String, tolerance: String, isTold: Bool) throws
    {
        let text = Self.good.replacing("redis://", with: family + "://") + "\ndrill: {ttl-tolerance: \(tolerance)}"
        #expect(try Self.advice(text) == (isTold ? ["5:24 drill.ttl-tolerance"] : []))
    }

    @Test func `the files beside it are looked at`() throws {
        let place = "1:44 source.password-file"
        #expect(try Self.advice(Self.good, ["/pw": .absent]) == [place])
        #expect(try Self.advice(Self.good, ["/pw": .present(mode: 0o640)]) == [place])
        #expect(try Self.advice(Self.good, ["/pw": .present(mode: 0o400)]) == [])
        #expect(try Self.advice(Self.good, ["web.yaml": .present(mode: 0o666)]) == ["1:1 "])
        #expect(try Self.advice(Self.good, ["web.yaml": .present(mode: 0o644)]) == [])
    }
}
