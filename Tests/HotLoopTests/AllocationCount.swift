import AllocationCounting
import TestSupport

/// What code asks of the system's allocator: buffers, arrays, boxes, class instances.
///
/// Unlike a clock, it is the same on every machine and at every run. Other threads do not count.
struct AllocationCount: Hashable {
    var calls: Int
    var byteCount: Int

    /// Of `body`, which runs on this thread.
    static func of(_ body: () throws -> Void) throws -> Self {
        guard rewarm_allocations_can_be_counted() else {
            throw TestEnvironmentError.failed("allocations", "they cannot be counted with this allocator")
        }
        rewarm_allocations_begin()
        defer { _ = rewarm_allocations_end() }
        try body()
        let count = rewarm_allocations_end()
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
    init(itemCount: Int, _ prepare: (_ itemCount: Int) throws -> () throws -> Void) throws {
        let once = try Self.count(try prepare(itemCount))
        let twice = try Self.count(try prepare(2 * itemCount))
        calls = Double(twice.calls - once.calls) / Double(itemCount)
        byteCount = Double(twice.byteCount - once.byteCount) / Double(itemCount)
    }

    private static func count(_ run: () throws -> Void) throws -> AllocationCount {
        try run()
        return try AllocationCount.of(run)
    }

    func isWithin(_ limit: Self) -> Bool {
        calls <= limit.calls && byteCount <= limit.byteCount
    }

    var description: String {
        "\(Self.rounded(calls)) allocations of \(Self.rounded(byteCount)) bytes for each item"
    }

    private static func rounded(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }
}
