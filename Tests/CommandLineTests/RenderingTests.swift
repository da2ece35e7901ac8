import Operations
import SnapshotModel
import Testing

@testable import rewarm

/// Numbers, names and JSON as people and programs get them.
struct RenderingTests {
    @Test(
        arguments: [
            (0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (9994, "9.99 kB"), (9995, "10.0 kB"), (999_499, "999 kB"),
            (999_500, "1.00 MB"), (478_000_000, "478 MB"), (UInt64.max, "18.4 EB"),
        ] as [(UInt64, String)]
    )
    func `bytes have three digits`(value: UInt64, text: String) {
        #expect(Figures.bytes(value) == text)
    }

    @Test(
        arguments: [
            (0, "0 ms"), (999, "999 ms"), (1000, "1.0 s"), (59_949, "59.9 s"), (59_950, "0 min 59 s"),
            (245_000, "4 min 05 s"), (12_000_000, "3 h 20 min"), (86_400_000, "1 d"),
            (90_000_000, "1 d 1 h"), (-5, "0 ms"),
        ] as [(Int64, String)]
    )
    func `durations have two units`(value: Int64, text: String) {
        #expect(Figures.duration(milliseconds: value) == text)
    }

    @Test func `counts have separators`() {
        #expect([0, 999, 1000, 1_234_567].map { Figures.count($0) } == ["0", "999", "1,000", "1,234,567"])
        #expect(Figures.counted(1, "key") == "1 key" && Figures.counted(2, "key") == "2 keys")
    }

    @Test(arguments: [
        ("plain:key", "plain:key"), ("", #""""#), ("a b", #""a b""#), ("q\"", #""q\"""#), ("b\\", #""b\\""#),
        ("\n\r\t", #""\n\r\t""#), ("\u{e9}", #""\xc3\xa9""#), ("\u{1B}[2J", #""\x1b[2J""#),
    ])
    func `keys are quoted as redis-cli does where they must be`(key: String, text: String) {
        #expect(Printable.key(key.utf8) == text)
    }

    @Test(arguments: [
        ("redis://user:secret@host:1", "redis://user:***@host:1"),
        ("redis://:secret@h/0 more", "redis://:***@h/0 more"),
        ("'rediss://a:b@c:d@h'", "'rediss://a:***@h'"), ("redis://user@host", "redis://user@host"),
        ("redis://host:6379", "redis://host:6379"), ("no URL, user:pass@host", "no URL, user:pass@host"),
    ])
    func `passwords of URLs are taken out of messages`(text: String, expected: String) {
        #expect(Printable.withoutPasswords(text) == expected)
    }

    @Test func `base64 goes there and back, and refuses what is none`() {
        for count in 0..<20 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 200) }
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
        #expect(Base64.encode("light work.".utf8) == "bGlnaHQgd29yay4=")
        for text in ["a", "ab=c", "====", "YQ", "YR==", "Y Q="] { #expect(Base64.decode(text) == nil, "\(text)") }
    }

    @Test func `JSON escapes what it must and keeps the order`() {
        let object: JSONObject = [
            "b": .string("\"\\\n\u{1}\u{7F}\u{e9}"), "a": .array([.null, .bool(true), .integer(-1)]),
            "ratio": .number(0.54321), "whole": .number(3), "none": .number(.nan), "most": .unsigned(.max),
        ]
        #expect(
            object.text == #"{"b":"\"\\\n\u0001\u007fé","a":[null,true,-1],"#
                + #""ratio":0.5432,"whole":3,"none":null,"most":18446744073709551615}"#
        )
    }

    @Test(
        arguments: [
            ("500ms", 500), ("30s", 30_000), ("1h30m", 5_400_000), ("2w", 1_209_600_000), ("0s", 0), ("", nil),
            ("7", nil),
            ("s", nil), ("-1s", nil), ("1.5h", nil), ("1y", nil), ("99999999999999999999s", nil), ("9999999w", nil),
        ] as [(String, Int64?)]
    )
    func `a duration needs units and an end`(text: String, milliseconds: Int64?) {
        #expect(DurationArgument(argument: text)?.duration.milliseconds == milliseconds)
    }

    @Test func `bars of a histogram show even a single key`() {
        var histogram = LifetimeHistogram()
        #expect(LifetimeBars.lines(histogram) == [])
        let instant = UnixMilliseconds(0)
        histogram.add(.never, at: instant, count: 1_000_000)
        histogram.add(.at(UnixMilliseconds(500)), at: instant)
        let lines = LifetimeBars.lines(histogram)
        #expect(lines.first { $0.hasPrefix("up to 1s ") }?.hasSuffix("1  #") == true, "\(lines)")
        #expect(lines.last?.hasSuffix(String(repeating: "#", count: 30)) == true, "\(lines)")
    }

    @Test func `every kind of failure has an exit code of its own`() {
        let codes = FailureKind.allCases.map { ExitStatus($0) }
        #expect(Set(codes).count == FailureKind.allCases.count && !codes.contains(.ok))
    }
}
