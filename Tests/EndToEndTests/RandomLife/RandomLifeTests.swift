import Foundation
import TestSupport
import Testing

/// Row 16 of the fault tests on the whole program: random actions, a third of them killed, against a model.
///
/// After each action every snapshot is in the state that the model says; after one that was killed, in the state before
/// or in the one after. What is listed restores to what the model has captured, and a catalog that is rebuilt tells the
/// same. The model of a repository alone, with losses of power, is `ActionModelTests`.
@Suite(.serialized)
struct RandomLifeTests {
    private static let stepCount = TestExtent.count(bounded: 60, whole: 3000)
    /// Every so many steps everything is looked at.
    private static let checkInterval = 15

    private struct Failure {
        /// The steps up to the one that failed.
        var steps: [LifeStep]
        var contradictions: [String]
    }

    private let source: RedisServer
    private let target: RedisServer

    init() async throws {
        source = try await RedisServer.start()
        target = try await RedisServer.start()
    }

    @Test func `random actions, whenever one is killed, leave what the model says`() async throws {
        var random = SeededGenerator.fromEnvironment("a random life", fallback: 161)
        let seed = random.seed
        let steps = (0..<Self.stepCount).map { _ in LifeStep.random(&random) }
        guard let failure = try await live(steps, reports: true) else { return }
        print("the seed \(seed) fails at step \(failure.steps.count); a shorter list is looked for")
        var shrinker = ActionShrinker<LifeStep>(attemptLimit: TestExtent.count(bounded: 20, whole: 200))
        let shortest = try await shrinker.shrink(failure.steps) { try await live($0, checksAtEnd: true) != nil }
        let list = shortest.map { "    \($0)" }.joined(separator: "\n")
        Issue.record(
            """
            seed \(seed), step \(failure.steps.count): \(failure.contradictions.joined(separator: "\n"))
            shortest list that failed (\(shrinker.attemptCount) were tried; a kill need not hit the same moment again):
            \(list)
            """
        )
    }

    /// Does the steps on a repository of their own; returns the first failure.
    private func live(
        _ steps: [LifeStep],
        checksAtEnd: Bool = false,
        reports: Bool = false
    ) async throws -> Failure? {
        var stage = try await LifeStage(source, target)
        for (index, step) in steps.enumerated() {
            var contradictions = try await stage.perform(step)
            let isLast = index == steps.count - 1
            if contradictions.isEmpty, (index + 1).isMultiple(of: Self.checkInterval) || (isLast && checksAtEnd) {
                contradictions = try await stage.checkAll()
            }
            guard contradictions.isEmpty else {
                try await stage.end()
                return Failure(steps: Array(steps[...index]), contradictions: contradictions)
            }
        }
        try await stage.end()
        if reports {
            print("\(steps.count) steps, \(stage.killedCount) killed: \(stage.counts.sorted { $0.key < $1.key })")
            #expect(stage.killedCount > 0)
        }
        return nil
    }
}
