import Catalog
import Foundation
import SnapshotModel
import TestSupport
import Testing

@testable import Operations

/// Row 16 of the fault tests: random actions, some of which die in the middle, against a shadow model.
///
/// After each action every snapshot is in the state that the model says; after one that died, each snapshot that it was
/// about is in the state before or in the one after, nothing else changed, and all that is listed is whole. The same
/// with the whole program and servers is `RandomLifeTests`.
@Suite("random actions on a repository")
struct ActionModelTests {
    @Test("do what the model does, whenever one of them dies or loses its power", arguments: [false, true])
    func schedule(losesPower: Bool) async throws {
        let purpose = losesPower ? "random actions and losses of power" : "random actions"
        var random = SeededGenerator.fromEnvironment(purpose, fallback: 1_930_244_571)
        let seed = random.seed
        let stepCount = TestExtent.count(bounded: 400, whole: losesPower ? 20_000 : 100_000)
        var model = try ActionModel(losesPower: losesPower)
        var steps: [RepositoryStep] = []
        var deathCount = 0
        for number in 1...stepCount {
            let step = model.chooseStep(&random)
            steps.append(step)
            let outcome = try await model.perform(step)
            if outcome.hasDied { deathCount += 1 }
            var contradictions = outcome.contradictions
            if contradictions.isEmpty, number % 25 == 0 { contradictions = try await model.unsoundness() }
            guard contradictions.isEmpty else {
                let list = try await shortest(steps, losesPower)
                Issue.record("seed \(seed), step \(number): \(contradictions)\n\(list)")
                return
            }
        }
        #expect(deathCount > stepCount / 20, "seed \(seed)")
        print("\(stepCount) actions, \(deathCount) of them died; \(model.counts), seed \(seed)")
    }

    /// The shortest list of actions that was found to fail as well, in words.
    private func shortest(_ steps: [RepositoryStep], _ losesPower: Bool) async throws -> String {
        var shrinker = ActionShrinker<RepositoryStep>(attemptLimit: TestExtent.count(bounded: 300, whole: 3000))
        let short = try await shrinker.shrink(steps) { steps in
            var model = try ActionModel(losesPower: losesPower)
            for step in steps where try await !model.perform(step).contradictions.isEmpty { return true }
            return try await !model.unsoundness().isEmpty
        }
        let heading = "shortest list that failed (\(shrinker.attemptCount) were tried):"
        return ([heading] + short.map { "    \($0)" }).joined(separator: "\n")
    }
}
