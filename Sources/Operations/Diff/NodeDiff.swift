import Capture
import Comparison
import NIOCore
import ObjectStorage
import RDB
import SnapshotModel
import Transport

/// Compares a snapshot with a live node, which may change meanwhile.
///
/// First the node is walked; then each key that differs is looked at once more before it is told.
struct NodeDiff {
    let request: DiffRequest
    let connection: ConnectionOptions
    let context: OperationContext

    func run(_ access: SnapshotAccess, _ receive: (DiffItem) throws -> Void) async throws -> DiffReport {
        if let database = connection.url.database {
            throw OperationError(
                .usage,
                "the target's URL names database \(database)",
                hint: "leave it out, and choose databases with --database SRC:DST"
            )
        }
        context.progress(OperationProgress(.connecting, subject: connection.url.address))
        let node = try await ScanNode.open(connection, readsAccessData: false)
        do {
            let control = try await NodeConnection.connect(connection)
            let report = try await compare(access, node, control, receive)
            await control.close()
            await node.close()
            return report
        } catch {
            await node.close()
            throw error
        }
    }

    private func compare(
        _ access: SnapshotAccess,
        _ node: ScanNode,
        _ control: NodeConnection,
        _ receive: (DiffItem) throws -> Void
    ) async throws -> DiffReport {
        for warning in node.clusterWarnings { context.inform(warning) }
        var options = request.options
        options.slotRanges = node.layout?.ownSlotRanges
        let begin = try await control.time()
        let scope = ValueFingerprinter.Scope(expiredBy: begin)
        var tally = ComparisonTally()
        var left = ComparisonSide(secret: scope.secret, spillingTo: context.spillPlace)
        let archives = try await SnapshotEntries.open(access, .left, options, scope)
        let account = try await archives.read(into: &left, context)
        tally.leftKeyCount = account.keyCount

        let comparesLibraries = try await compareLibraries(account.libraries, control, &tally, receive)
        var run = try await walk(node, scope)
        let end = try await control.time()
        tally.rightKeyCount = run.receiver.keyCount
        guard let right = run.receiver.takeSide() else { preconditionFailure("a walk has a side") }
        if let disturbance = node.disturbance { context.warn(disturbance) }

        let judge = ComparisonJudge(options: options, moment: end)
        var looks = NodeLooks(run, control: control, judge: judge) { try await archives.refresh($0, $1) }
        var comparison = try ComparisonRun(left: left, right: right)
        var merge = LiveMerge(judge: judge, tally: tally)
        while let candidates = try merge.next(&comparison) {
            for look in try await looks.look(at: candidates) {
                if let difference = merge.take(look) { try receive(.key(difference)) }
            }
        }
        try await looks.finish()
        await archives.close()
        return DiffReport(
            snapshot: access.manifest.id,
            other: node.info.address,
            deadlineTolerance: options.deadlineTolerance,
            tally: merge.tally,
            window: begin...max(begin, end),
            comparedLibraries: comparesLibraries
        )
    }

    /// Reads every key of the wanted databases.
    private func walk(
        _ node: ScanNode,
        _ scope: ValueFingerprinter.Scope
    ) async throws -> ScanRun<NodeEntries> {
        let (address, expected) = (node.info.address, node.info.keyCount)
        let entries = NodeEntries(
            side: ComparisonSide(secret: scope.secret, spillingTo: context.spillPlace),
            dumps: node.makeDumpReader(),
            address: address,
            options: request.options,
            scope: scope
        ) { [context] keyCount in
            context.progress(
                OperationProgress(
                    .comparing,
                    subject: address,
                    completedKeyCount: keyCount,
                    totalKeyCount: expected
                )
            )
        }
        var run = try await node.openRun(entries)
        for database in node.info.keyspace.keys.sorted() where request.options.wants(rightDatabase: database) {
            try await run.read(database: database)
        }
        return run
    }

    /// False where the node did not let its libraries be read.
    private func compareLibraries(
        _ own: [ByteBuffer],
        _ control: NodeConnection,
        _ tally: inout ComparisonTally,
        _ receive: (DiffItem) throws -> Void
    ) async throws -> Bool {
        guard request.options.comparesLibraries else { return false }
        let others: [ByteBuffer]
        switch try await NodeLibraries.read(control) {
        case .found(let libraries): others = libraries
        case .unknown: others = []
        case .refused(let words):
            context.warn("\(control.address) did not let its functions be read, so they are not compared: \(words)")
            return false
        }
        for difference in LibraryComparison.differences(left: own, right: others) {
            tally.add(difference)
            try receive(.library(difference))
        }
        return true
    }
}
