import Testing

@testable import Operations

/// What makes a snapshot suspicious.
struct GuardEvaluationTests {
    private typealias Figures = GuardEvaluation.Figures

    private static func findings(
        _ keys: UInt64,
        _ bytes: UInt64,
        after earlier: [(UInt64, UInt64)] = [],
        _ guards: SnapshotGuards
    ) -> [String] {
        GuardEvaluation(guards).findings(
            about: Figures(keyCount: keys, byteCount: bytes),
            after: earlier.map { Figures(keyCount: $0.0, byteCount: $0.1) }
        )
    }

    @Test func `without guards nothing is suspicious`() {
        #expect(Self.findings(0, 0, after: [(1000, 1000)], SnapshotGuards()) == [])
    }

    @Test func `minimums count from below, and each says what it is`() {
        let guards = SnapshotGuards(minimumKeyCount: 10, minimumByteCount: 100)
        #expect(Self.findings(10, 100, guards) == [])
        #expect(Self.findings(9, 100, guards) == ["it has 9 keys, and min-keys is 10"])
        #expect(Self.findings(10, 99, guards) == ["it has 99 bytes before compression, and min-bytes is 100"])
        #expect(Self.findings(0, 0, guards).count == 2)
    }

    @Test func `a drop is counted against the median, for keys and for bytes`() {
        let guards = SnapshotGuards(maximumDropPercent: 50)
        let earlier: [(UInt64, UInt64)] = [(100, 1000), (1, 10), (100, 1000), (100, 1000), (5000, 9)]
        #expect(Self.findings(50, 500, after: earlier, guards) == [])
        let keys = Self.findings(49, 500, after: earlier, guards)
        #expect(
            keys == ["it has 49 keys, 51% less than the 100 of the last 5 good snapshots (median), and max-drop is 50%"]
        )
        #expect(Self.findings(50, 499, after: earlier, guards).count == 1)
        #expect(Self.findings(0, 0, after: earlier, guards).count == 2)
        #expect(Self.findings(100_000, 1, after: [], guards) == [], "there is nothing to compare with")
    }

    @Test func `the median of an even number lies half-way between the two in the middle`() {
        let guards = SnapshotGuards(maximumDropPercent: 50)
        let earlier: [(UInt64, UInt64)] = [(100, 0), (300, 0), (1, 0), (1000, 0)]
        #expect(Self.findings(100, 0, after: earlier, guards) == [])
        #expect(Self.findings(99, 0, after: earlier, guards).count == 1)
        #expect(Self.findings(.max, .max, after: [(.max, .max), (.max, .max)], guards) == [])
    }
}
