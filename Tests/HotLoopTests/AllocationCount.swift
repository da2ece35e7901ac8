import AllocationCounting
import TestSupport

/// What code asks of the system's allocator: buffers, arrays, boxes, class instances.
///
/// Unlike a clock, it is the same on every machine and at every run. Other threads do not count.
struct AllocationCount: Hashable {
    var calls: Int
    var byteCount: Int

    /// Of `body`, which stays on this thread: it may be asynchronous, but has nothing to wait for.
    static func of(_ body: () async throws -> Void) async throws -> Self {
        guard rewarm_allocations_can_be_counted() else {
            throw TestEnvironmentError.failed("allocations", "they cannot be counted with this allocator")
        }
        var count = rewarm_allocation_count()
        rewarm_allocations_begin()
        do {
            try await body()
        } catch {
            _ = rewarm_allocations_end(&count)
            throw error
        }
        guard rewarm_allocations_end(&count) else {
            throw TestEnvironmentError.failed("allocations", "what was counted has moved to another thread")
        }
        return Self(calls: Int(count.calls), byteCount: Int(count.bytes))
    }
}

/// What each further item of a loop costs in allocations.
struct AllocationsPerItem: Hashable, CustomStringConvertible {
    var calls: Double
    var byteCount: Double

    init(calls: Double, byteCount: Double) {
        self.calls = calls
        self.byteCount = byteCount
    }

    /// Compares a run over `itemCount` items with one over twice as many, so that what a run allocates once does not count.
    ///
    /// `prepare` makes a run. Each is run once before it is counted: its pools are filled then, as in a long capture.
    init(itemCount: Int, _ prepare: (_ itemCount: Int) throws -> HotLoop.Run) async throws {
        let once = try await Self.count(try prepare(itemCount))
        let twice = try await Self.count(try prepare(2 * itemCount))
        calls = Double(twice.calls - once.calls) / Double(itemCount)
        byteCount = Double(twice.byteCount - once.byteCount) / Double(itemCount)
    }

    private static func count(_ run: HotLoop.Run) async throws -> AllocationCount {
        try await run()
        return try await AllocationCount.of(run)
    }

    func isWithin(_ limit: Self) -> Bool {
        calls <= limit.calls && byteCount <= limit.byteCount
    }

    var description: String {
        "\(Self.rounded(calls)) allocations of \(Self.rounded(byteCount)) bytes for each item"
    }

    private static func rounded(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }
}
