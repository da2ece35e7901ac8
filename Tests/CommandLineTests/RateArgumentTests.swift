import ArgumentParser
import Restore
import Testing

@testable import rewarm

/// `--rate` as users write it.
struct RateArgumentTests {
    @Test(
        arguments: [
            ("5000", .keys(5000)), ("1/s", .keys(1)), ("20MiB/s", .bytes(20 << 20)), ("20MiB", .bytes(20 << 20)),
            ("100kB/s", .bytes(100_000)), ("4096B", .bytes(4096)), ("1GB/s", .bytes(1_000_000_000)), ("", nil),
            ("/s", nil),
            ("MiB/s", nil), ("20 MiB", nil), ("20mb", nil), ("-5", nil), ("1.5MiB", nil), ("20MiB/min", nil),
            ("99999999999999999999", nil), ("9223372036854775807GiB", nil),
        ] as [(String, RateArgument?)]
    )
    func `a rate is keys, or bytes with a unit`(text: String, rate: RateArgument?) {
        #expect(RateArgument(argument: text) == rate)
    }

    @Test func `one of each may be given`() throws {
        let pace = try PaceArguments.parse(["--rate", "5000", "--rate", "20MiB/s", "--max-latency", "5"])
        var options = RestoreOptions()
        pace.apply(to: &options)
        #expect(options.keysPerSecond == 5000 && options.bytesPerSecond == 20 << 20)
        #expect(options.latencyLimit == .milliseconds(5))
        #expect(throws: (any Error).self) { try PaceArguments.parse(["--rate", "5000", "--rate", "6000"]) }
        #expect(throws: (any Error).self) { try PaceArguments.parse(["--rate", "1MB", "--rate", "2MB/s"]) }
    }
}
