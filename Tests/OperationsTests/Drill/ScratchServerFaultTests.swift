import Catalog
import Foundation
import Operations
import SnapshotModel
import Synchronization
import TestSupport
import Testing

/// The server that a drill started hangs, dies or dawdles, at each moment.
@Suite(.serialized)
struct ScratchServerFaultTests {
    enum Moment: Sendable, CaseIterable {
        case loading
        case restored
        case comparing
    }

    private static let keyCount = 20_000

    /// Enough to load that the drill is in the middle of it when it first tells how far it is.
    private static func bench() async throws -> DrillBench {
        let padding = String(repeating: "x", count: 200)
        return try await DrillBench { client in
            for first in stride(from: 0, to: keyCount, by: 1000) {
                _ = try client.pipeline(
                    (first..<first + 1000).map {
                        ["SET", RedisArgument("key:\($0)"), RedisArgument("value of \($0) " + padding)]
                    }
                )
            }
        }
    }

    /// The processes that work in scratch directories of the bench.
    private static func servers(_ bench: DrillBench) -> [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }.filter { processID in
            let place = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(processID)/cwd")
            return place?.hasPrefix(bench.directory.path + "/rewarm-drill-") ?? false
        }
    }

    /// Drills; `fault` is done once to the server's process at a moment.
    private static func drill(
        _ bench: DrillBench,
        at moment: Moment,
        _ fault: @escaping @Sendable (Int32) -> Void
    ) async throws -> DrillOutcome {
        let isDone = Mutex(false)
        let strike: @Sendable () -> Void = {
            let isFirst = isDone.withLock { done in
                defer { done = true }
                return !done
            }
            if isFirst { for processID in servers(bench) { fault(processID) } }
        }
        var context = bench.context
        context.progress = { progress in
            switch progress.phase {
            case .restoring where moment == .loading && progress.completedKeyCount > 0: strike()
            case .comparing where moment == .comparing: strike()
            default: break
            }
        }
        var request = bench.request
        request.replyTimeout = .seconds(2)
        let outcome = try await DrillOperation(request).run(context) { _ in if moment == .restored { strike() } }
        #expect(isDone.withLock { $0 }, "nothing was done to the server")
        #expect(servers(bench) == [], "a server is still there")
        #expect(try bench.leftovers() == [])
        return outcome
    }

    @Test("a server that is killed leaves the drill undecided", arguments: Moment.allCases)
    func killed(_ moment: Moment) async throws {
        let bench = try await Self.bench()
        let outcome = try await Self.drill(bench, at: moment) { kill($0, SIGKILL) }
        let reason = outcome.record.reason ?? ""
        #expect(outcome.record.result == .inconclusive, "\(reason)")
        #expect(reason.contains("the scratch server was ended by signal 9"), "\(reason)")
        #expect(outcome.failure?.kind == .inconclusive && outcome.advice?.isEmpty == false)
        #expect(try await bench.records() == [outcome.record])
    }

    @Test("a server that hangs leaves the drill undecided, and is ended", arguments: Moment.allCases)
    func stopped(_ moment: Moment) async throws {
        let bench = try await Self.bench()
        let outcome = try await Self.drill(bench, at: moment) { kill($0, SIGSTOP) }
        let reason = outcome.record.reason ?? ""
        #expect(outcome.record.result == .inconclusive, "\(reason)")
        #expect(reason.contains("sent nothing for"), "\(reason)")
        #expect(outcome.failure?.kind == .inconclusive && outcome.advice?.contains("answers") == true)
        #expect(try await bench.records() == [outcome.record])
    }

    @Test("a server that pauses passes", arguments: Moment.allCases)
    func paused(_ moment: Moment) async throws {
        let bench = try await Self.bench()
        let outcome = try await Self.drill(bench, at: moment) { processID in
            kill(processID, SIGSTOP)
            Thread {
                usleep(500_000)
                kill(processID, SIGCONT)
            }.start()
        }
        #expect(outcome.record.result == .pass, "\(outcome.record.reason ?? "")")
        #expect(outcome.record.comparedKeyCount == UInt64(Self.keyCount))
    }
}
