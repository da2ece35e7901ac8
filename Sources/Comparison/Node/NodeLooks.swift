package import Capture
import NIOCore
package import RDB
import SnapshotModel
package import Transport

/// Reads keys of a live node a second time before a difference is told: it changed while it was walked.
package struct NodeLooks: ~Copyable {
    /// Candidates are looked at in groups of so many: a round trip each.
    package static let groupCount = 256
    /// Fields can expire between the clock's reading and the key's; then both are read again.
    private static let attemptLimit = 3

    /// What the second look came to.
    package struct Look: Sendable {
        package var pair: ComparisonPair
        package var judgement: ComparisonJudge.Judgement

        package init(pair: ComparisonPair, judgement: ComparisonJudge.Judgement) {
            (self.pair, self.judgement) = (pair, judgement)
        }
    }

    private var run: ScanRun<NodeEntries>
    /// Tells the node's time meanwhile.
    private let control: NodeConnection
    private let judge: ComparisonJudge
    /// Fingerprints an archive's record again, as of a later moment.
    private let refresh: (ComparisonEntry, ValueFingerprinter.Scope) async throws -> ComparisonEntry

    /// `run` has walked the node and given its side away.
    package init(
        _ run: consuming ScanRun<NodeEntries>,
        control: NodeConnection,
        judge: ComparisonJudge,
        refresh: @escaping (ComparisonEntry, ValueFingerprinter.Scope) async throws -> ComparisonEntry
    ) {
        self.run = run
        self.control = control
        self.judge = judge
        self.refresh = refresh
    }

    /// Looks at keys of one database; gives each as it is now, in their order.
    package mutating func look(at pairs: [ComparisonPair]) async throws -> [Look] {
        guard let database = (pairs.first?.left ?? pairs.first?.right)?.database else { return [] }
        var results: [Look?] = Array(repeating: nil, count: pairs.count)
        var pending = Array(pairs.indices)
        for attempt in 1...Self.attemptLimit where !pending.isEmpty {
            let moment = try await control.time()
            run.receiver.scope.expiredBy = moment
            var keys = ScanKeys()
            for index in pending { keys.append(pairs[index].key) }
            try await run.read(keys, of: database)
            let looks = run.receiver.takeLooks()
            var again: [Int] = []
            for index in pending {
                let result = try await result(pairs[index], looks[pairs[index].key] ?? nil, moment)
                results[index] = result
                if attempt < Self.attemptLimit, result.mayHaveLostFields { again.append(index) }
            }
            pending = again
        }
        return results.compactMap { $0 }
    }

    /// Gives the connection back to commands.
    package consuming func finish() async throws {
        try await run.finish()
    }

    private func result(
        _ pair: ComparisonPair,
        _ found: ComparisonEntry?,
        _ moment: UnixMilliseconds
    ) async throws -> Look {
        var judge = judge
        judge.moment = moment
        var pair = pair
        pair.right = found
        if let left = pair.left, left.value?.fieldDeadlines.map({ $0.earliest <= moment }) ?? false {
            pair.left = try await refresh(left, run.receiver.scope)
        }
        return Look(pair: pair, judgement: judge.judge(pair))
    }
}

extension NodeLooks.Look {
    /// Whether what differs may be fields that expired a moment ago.
    fileprivate var mayHaveLostFields: Bool {
        guard case .different(let difference) = judgement.verdict, difference.kind == .changed else { return false }
        return pair.left?.value?.fieldDeadlines != nil
    }
}

extension ComparisonPair {
    fileprivate var key: ByteBuffer { (left ?? right)?.key ?? ByteBuffer() }
}
