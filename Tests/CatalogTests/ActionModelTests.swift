import Catalog
import Foundation
import ObjectStorage
import Policy
import SnapshotModel
import StorageSimulation
import TestSupport
import Testing

@testable import Operations

/// Row 16 of the fault tests: random actions, some of which die in the middle, against a shadow model.
///
/// After each action every snapshot is in the state that the model says; after one that died, each snapshot that it was
/// about is in the state before or in the one after, nothing else changed, and all that is listed is whole.
@Suite("random actions on a repository")
struct ActionModelTests {
    @Test("do what the model does, whenever one of them dies")
    func schedule() async throws {
        var random = SeededGenerator.fromEnvironment("random actions", fallback: .random(in: .min ... .max))
        let seed = random.seed
        let stepCount = TestExtent.count(bounded: 400, whole: 100_000)
        var model = try ActionModel()
        var deathCount = 0
        for step in 1...stepCount {
            let action = model.chooseAction(&random)
            let dies = Int.random(in: 0..<3, using: &random) == 0
            // An action makes some 40 to 400 calls; a death behind the last one is none.
            let plan = FaultyFileSystem.Plan(
                call: dies ? Int.random(in: 1...250, using: &random) : 0,
                fault: .death
            )
            let outcome = try await model.perform(action, plan)
            if outcome.hasDied { deathCount += 1 }
            #expect(outcome.contradictions == [], "seed \(seed), step \(step): \(action), \(plan)")
            if !outcome.contradictions.isEmpty { return }
            if step % 25 == 0 { try await model.expectSound("seed \(seed), step \(step)") }
        }
        #expect(deathCount > stepCount / 20, "seed \(seed)")
        print("\(stepCount) actions, \(deathCount) of them died; \(model.counts), seed \(seed)")
    }
}
