import TestSupport
import Testing

/// The guard against slower code that needs no clock: what the hot loops allocate for each record, as it was found.
struct HotLoopTests {
    /// Some blocks' worth of records.
    private static let itemCount = 4_000

    @Test(arguments: HotLoop.allCases) func `allocates no more for a record than it did`(_ loop: HotLoop) async throws {
        let cost = try await AllocationsPerItem(itemCount: Self.itemCount, loop.run)
        print("\(loop.rawValue): \(cost)")
        #expect(cost.isWithin(loop.limit), "\(loop.rawValue): \(cost), at most \(loop.limit)")
    }
}
