import Foundation
import TestSupport
import Testing

/// Row 5 of the fault tests, for whole commands: the n-th system call fails, for all n, SQLite's and the sockets'
/// included.
///
/// Whatever fails, the command ends with a documented code and a message, no snapshot is listed that is not whole, the
/// catalog can be rebuilt, and the next run works and leaves nothing behind.
@Suite("a command whose system calls fail")
struct SystemCallFaultTests {
    /// A run that takes longer hangs.
    private static let patience = Duration.seconds(60)

    @Test("ends as documented and leaves a sound repository", arguments: CommandUnderFault.allCases)
    func everyCall(_ command: CommandUnderFault) async throws {
        var random = SeededGenerator.fromEnvironment("failing calls of \(command.rawValue)", fallback: 51)
        let bench = try await FaultBench(command, seed: random.seed)
        let codes = try await bench.documentedCodes(try bench.fresh())
        let counts = try await countCalls(bench)
        var runCount = 0
        var failureCount = 0
        for kind in FaultKind.allCases where counts[kind.rawValue] > 0 {
            let count = counts[kind.rawValue]
            let single = UInt64.random(in: 1...count, using: &random)
            for call in TestExtent.isSoak ? 1...count : single...single {
                runCount += 1
                if try await run(bench, kind, call, codes) { failureCount += 1 }
            }
        }
        print("\(command.rawValue): \(runCount) runs, in \(failureCount) a call failed; calls per kind \(counts)")
        // Connections cut their data differently each time, so that a late call may not come.
        #expect(failureCount * 10 >= runCount * 8)
    }

    /// How many calls of each kind a run makes.
    private func countCalls(_ bench: FaultBench) async throws -> [UInt64] {
        let scenario = try bench.fresh()
        let (outcome, report) = try await start(bench, scenario, .death, call: 0)
        try #require(outcome.exitCode == 0, "\(outcome)")
        #expect(report.failureCount == 0)
        #expect(report.counts[FaultKind.death.rawValue] > 50, "the calls are not seen: \(report.counts)")
        return report.counts
    }

    private func start(
        _ bench: FaultBench,
        _ scenario: Scenario,
        _ kind: FaultKind,
        call: UInt64
    ) async throws -> (RewarmCommand.Outcome, FailingCalls.Report) {
        let reports = try TemporaryDirectory(inMemory: true)
        let report = reports.path("report")
        let environment = try await FailingCalls.library()
            .environment(kind, call: call, below: scenario.rewarm.directory.path, report: report)
        let process = try scenario.rewarm.start(bench.arguments(scenario), environment: environment)
        let outcome = RewarmCommand.Outcome(await process.wait(atMost: Self.patience))
        return (outcome, try FailingCalls.Report(report))
    }

    /// One run with a fault and all that is looked at afterwards; true if the fault came to pass.
    private func run(_ bench: FaultBench, _ kind: FaultKind, _ call: UInt64, _ codes: Set<Int32>) async throws -> Bool {
        let scenario = try bench.fresh()
        let (outcome, report) = try await start(bench, scenario, kind, call: call)
        let comment = "\(bench.command.rawValue), \(kind) at call \(call) (\(report.name))"
        let hasFailed = report.failureCount > 0
        if kind == .death, hasFailed {
            #expect(outcome.result.termination == .signalled(SIGKILL), "\(comment): \(outcome)")
        } else {
            try checkEnd(outcome, codes.union(kind.furtherCodes(outcome)), comment)
            if kind.isHarmless || !hasFailed { #expect(outcome.exitCode == 0, "\(comment): \(outcome)") }
        }
        let isKilled = kind == .death && hasFailed
        try await FaultAftermath(
            bench: bench,
            scenario: scenario,
            outcome: isKilled ? nil : outcome,
            comment: comment
        ).check()
        return hasFailed
    }

    /// A documented code, the same in the summary, and a reason unless all is well.
    private func checkEnd(_ outcome: RewarmCommand.Outcome, _ codes: Set<Int32>, _ comment: String) throws {
        guard case .exited(let code) = outcome.result.termination else {
            Issue.record("\(comment): \(outcome)")
            return
        }
        #expect(codes.contains(code), "\(comment): \(outcome)")
        #expect(outcome.summary["exitCode"].integer == Int64(code), "\(comment): \(outcome)")
        let reasons = outcome.lines.filter { ["error", "warning"].contains($0["type"].text) }
        #expect(code == 0 || reasons.contains { $0["message"].text?.isEmpty == false }, "\(comment): \(outcome)")
    }
}

extension FaultKind {
    /// SQLite calls a read error of the device damage of the file (vdbe.c, SQLITE_IOERR_CORRUPTFS), and a rebuild
    /// does mend the catalog.
    fileprivate func furtherCodes(_ outcome: RewarmCommand.Outcome) -> Set<Int32> {
        guard self == .inputOutputError || self == .inputOutputErrorForGood else { return [] }
        return outcome.output.contains("catalog.sqlite' is damaged") ? [10] : []
    }
}
