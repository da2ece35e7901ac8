import Foundation
import TestSupport
import Testing

/// What a person sees: the command on a real pseudo-terminal.
struct TerminalTests {
    /// Takes a snapshot that needs about two seconds: the source delays each key.
    private static func snapshot(
        columnCount: Int,
        environment: [String: String]
    ) async throws -> (screen: TerminalScreen, transcript: String) {
        let source = try await RedisServer.start()
        let client = try source.client()
        // Large enough for several blocks: progress is told with each.
        try client.debug("POPULATE", 20_000, "key", 600)
        try client.command("CONFIG", "SET", "rdbcompression", "no")
        try client.command("CONFIG", "SET", "rdb-key-save-delay", "50")
        let bench = try Bench()
        let (code, transcript) = try await PseudoTerminal.run(
            RewarmCommand.path,
            ["snapshot", "--source", source.url, "--source-name", "web", "--create"]
                + ["--repository", bench.rewarm.repository],
            columnCount: columnCount,
            environment: bench.rewarm.environment.merging(environment) { $1 }
        )
        #expect(code == 0, "\(transcript)")
        return (TerminalScreen(transcript, columnCount: columnCount), transcript)
    }

    /// The pictures of the bar, one after the other.
    private static func bars(_ transcript: String) -> [Substring] {
        transcript.split(separator: "\r").filter { $0.contains("capturing") && $0.hasSuffix("\u{1B}[K") }
    }

    @Test(arguments: [40, 100]) func `a bar is redrawn in one line and gone at the end`(columnCount: Int) async throws {
        let (screen, transcript) = try await Self.snapshot(columnCount: columnCount, environment: ["TERM": "xterm"])
        let bars = Self.bars(transcript)
        #expect(bars.count >= 3, "\(transcript.debugDescription)")
        #expect(Set(bars).count >= 3, "it must move: \(bars)")
        for bar in bars { #expect(bar.unicodeScalars.count - 3 < columnCount, "\(bar)") }
        if columnCount == 100 { #expect(bars.contains { $0.hasPrefix("[") && $0.contains(">") }, "\(bars)") }
        #expect(screen.unknownSequences == [])
        #expect(screen.lines.joined().hasPrefix("snapshot "), "\(screen.lines)")
        #expect(!screen.lines.joined().contains("capturing"), "\(screen.lines)")
    }

    @Test func `a terminal without control sequences gets none, and no bar`() async throws {
        for environment in [["TERM": "dumb"], [:]] {
            let (screen, transcript) = try await Self.snapshot(columnCount: 80, environment: environment)
            #expect(!transcript.contains("\u{1B}") && Self.bars(transcript).isEmpty, "\(transcript.debugDescription)")
            #expect(screen.lines.joined().hasPrefix("snapshot "))
        }
    }

    @Test func `nothing is coloured, so that NO_COLOR has nothing to switch off`() async throws {
        let environment = ["TERM": "xterm-256color", "NO_COLOR": "1"]
        let (screen, transcript) = try await Self.snapshot(columnCount: 80, environment: environment)
        #expect(screen.unknownSequences == [] && Self.bars(transcript).count >= 3, "\(transcript.debugDescription)")
    }

    @Test func `an error stands on a line of its own where the bar was`() async throws {
        let source = try await Bench.source()
        let client = try source.client()
        try client.command("CONFIG", "SET", "rdb-key-save-delay", "60000000")
        let bench = try Bench()
        let (code, transcript) = try await PseudoTerminal.run(
            RewarmCommand.path,
            ["snapshot", "--source", source.url, "--create", "--repository", bench.rewarm.repository],
            columnCount: 100,
            environment: bench.rewarm.environment.merging(["TERM": "xterm"]) { $1 }
        ) { processID, terminal in
            while !terminal.text.contains("\u{1B}[K"), kill(processID, 0) == 0 {
                try await Task.sleep(for: .milliseconds(10))
            }
            kill(processID, SIGINT)
        }
        #expect(code == 130)
        let screen = TerminalScreen(transcript, columnCount: 100)
        #expect(screen.lines == ["error: rewarm snapshot was ended by SIGINT"], "\(transcript.debugDescription)")
    }

    @Test func `results never mix with the bar`() async throws {
        let source = try await RedisServer.start()
        let bench = try Bench()
        try source.client().debug("POPULATE", 30_000, "key", 100)
        var ids: [String] = []
        for _ in 0..<3 { ids.append(try await bench.snapshot(source)) }
        for (words, count) in [(["verify", "--all"], 4), (["keys", ids[0]], 30_000)] {
            let (code, transcript) = try await PseudoTerminal.run(
                RewarmCommand.path,
                words + ["--repository", bench.rewarm.repository],
                columnCount: 200,
                environment: bench.rewarm.environment.merging(["TERM": "xterm"]) { $1 }
            )
            #expect(code == 0)
            let lines = TerminalScreen(transcript, columnCount: 200).lines
            #expect(lines.count == count)
            #expect(lines.allSatisfy { !$0.contains("[=") && !$0.contains("[>") }, "\(lines.prefix(5))")
        }
    }
}
