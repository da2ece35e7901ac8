import Operations
import SnapshotModel
import TestSupport
import Testing
import Transport

/// Two drills in one node, which would take each other's keys for damage.
struct DrillLockTests {
    @Test func `a second drill into the same node is locked out, and the first one passes`() async throws {
        let bench = try await DrillBench()
        let target = try await RedisServer.start()
        let connection = ConnectionOptions(url: try NodeURL(target.url))
        var request = bench.request
        request.place = .target(connection, flush: true)
        let second = request
        let outcome = try await DrillOperation(second).run(bench.context) { _ in
            let error = await #expect(throws: (any Error).self) { try await bench.drill(second) }
            #expect(error.map { OperationError(describing: $0).kind } == .locked, "\(String(describing: error))")
        }
        #expect(outcome.record.result == .pass, "\(String(describing: outcome.record.reason))")
        #expect(try await bench.drill(second).record.result == .pass)
    }
}
