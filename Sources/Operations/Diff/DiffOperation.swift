import ArchiveFormat
import ArchiveIO
import Catalog
import Comparison
import ObjectStorage
import RDB
import SnapshotModel
import Transport

/// Compares a snapshot with another or with a live node, key by key.
///
///     archive -entries-> sort ┐
///                             ├ merge by key -> judge -> (of a node: a second look at what differs) -> receive
///     archive or node -> sort ┘
package struct DiffOperation: Sendable {
    private let request: DiffRequest

    package init(_ request: DiffRequest) {
        self.request = request
    }

    /// Gives each difference to `receive`, libraries first, then keys by database and name.
    ///
    /// What `receive` throws ends the comparison.
    package func run(
        _ context: OperationContext,
        _ receive: (DiffItem) throws -> Void
    ) async throws -> DiffReport {
        if let contradiction = request.options.contradiction { throw OperationError(.usage, contradiction) }
        let repository = try await context.openRepositoryForReading()
        let id = try await context.find(request.query, in: repository).id
        switch request.other {
        case .snapshot(let query):
            let other = try await context.find(query, in: repository).id
            guard other != id else {
                throw OperationError(.usage, "both sides are snapshot \(id)", hint: "name two snapshots")
            }
            return try await context.withSnapshot(id, in: repository) { left in
                try await context.withSnapshot(other, in: repository) { right in
                    try await compare(left, right, context, receive)
                }
            }
        case .node(let connection):
            return try await context.withSnapshot(id, in: repository) { left in
                try await compare(left, connection, context, receive)
            }
        }
    }

    private func compare(
        _ left: SnapshotAccess,
        _ connection: ConnectionOptions,
        _ context: OperationContext,
        _ receive: (DiffItem) throws -> Void
    ) async throws -> DiffReport {
        switch connection.url.family {
        case .redis: try await NodeDiff(request: request, connection: connection, context: context).run(left, receive)
        case .memcached:
            try await ItemDiff(request: request, connection: connection, context: context).run(left, receive)
        }
    }

    private func compare(
        _ left: SnapshotAccess,
        _ right: SnapshotAccess,
        _ context: OperationContext,
        _ receive: (DiffItem) throws -> Void
    ) async throws -> DiffReport {
        let (options, moment) = (request.options, max(left.manifest.lastMoment, right.manifest.lastMoment))
        let scope = ValueFingerprinter.Scope(expiredBy: moment)
        var tally = ComparisonTally()
        var leftSide = ComparisonSide(secret: scope.secret, spillingTo: context.spillPlace)
        var rightSide = ComparisonSide(secret: scope.secret, spillingTo: context.spillPlace)
        let leftArchives = try await SnapshotEntries.open(left, .left, options, scope)
        let own = try await leftArchives.read(into: &leftSide, context)
        await leftArchives.close()
        let rightArchives = try await SnapshotEntries.open(right, .right, options, scope)
        let others = try await rightArchives.read(into: &rightSide, context)
        await rightArchives.close()
        tally.leftKeyCount = own.keyCount
        tally.rightKeyCount = others.keyCount
        if options.comparesLibraries {
            for difference in LibraryComparison.differences(left: own.libraries, right: others.libraries) {
                tally.add(difference)
                try receive(.library(difference))
            }
        }
        let judge = ComparisonJudge(options: options, moment: moment)
        var run = try ComparisonRun(left: leftSide, right: rightSide)
        while let pair = try run.next() {
            let judgement = judge.judge(pair)
            tally.add(judgement)
            if case .different(let difference) = judgement.verdict { try receive(.key(difference)) }
        }
        return DiffReport(
            snapshot: left.manifest.id,
            other: right.manifest.id.text,
            deadlineTolerance: options.deadlineTolerance,
            tally: tally,
            window: nil,
            comparedLibraries: options.comparesLibraries
        )
    }
}

extension Manifest {
    /// The last moment at which a key of the snapshot was read, by the source's clock.
    var lastMoment: UnixMilliseconds { max(instant, consistency.to) }
}
