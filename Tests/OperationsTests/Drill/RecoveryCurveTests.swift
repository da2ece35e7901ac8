import Restore
import Testing

@testable import Operations

/// What share of the keys, and of the recent accesses, a node answered for over time.
struct RecoveryCurveTests {
    private static func curve(
        _ served: [ServedAccesses.CurvePoint]
    ) -> [DrillOutcome.RecoveryPoint] {
        let start = ContinuousClock.now
        return RecoveryCurve(since: start).points(
            loadedAt: start + .milliseconds(500),
            after: .milliseconds(400),
            served: served
        )
    }

    @Test func `accesses are served from the beginning of the load to its end`() {
        let points = Self.curve([
            .init(duration: .milliseconds(40), share: 0.8), .init(duration: .milliseconds(200), share: 1),
        ])
        #expect(points.map(\.milliseconds) == [0, 100, 140, 300, 500])
        #expect(points.map(\.accessShare) == [0, 0, 0.8, 1, 1])
        #expect(points.map(\.keyShare) == [0, 0.2, 0.28, 0.6, 1])
    }

    @Test func `a point of the keys between two of the accesses stands on the line through these`() {
        let points = Self.curve([.init(duration: .milliseconds(400), share: 1)])
        #expect(points.map(\.milliseconds) == [0, 100, 500])
        #expect(points.map(\.accessShare) == [0, 0, 1])
    }

    @Test func `where nothing is known of accesses there is no curve of them`() {
        let points = Self.curve([])
        #expect(points.map(\.milliseconds) == [0, 500] && points.allSatisfy { $0.accessShare == nil })
    }
}
