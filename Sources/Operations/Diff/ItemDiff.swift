import Comparison
import Memcached
import NIOCore
import ObjectStorage
import RDB
import Restore
import SnapshotModel
import Transport

/// Compares a snapshot with a live Memcached node, as ``NodeDiff`` does with one of Redis.
///
/// Such a node has one database, which is number 0 here: keys of others are missing from it, unless one database of the
/// snapshot is chosen to be held against it.
struct ItemDiff {
    let request: DiffRequest
    let connection: ConnectionOptions
    let context: OperationContext

    func run(_ access: SnapshotAccess, _ receive: (DiffItem) throws -> Void) async throws -> DiffReport {
        let options = try options(for: access.manifest)
        context.progress(OperationProgress(.connecting, subject: connection.url.address))
        let values = try await MemcachedConnection.connect(connection)
        do {
            let report = try await compare(access, values, options, receive)
            await values.close()
            return report
        } catch {
            await values.close()
            throw error
        }
    }

    /// The options with the one database that Memcached has.
    private func options(for manifest: Manifest) throws(OperationError) -> ComparisonOptions {
        var restore = RestoreOptions()
        restore.databases = request.options.databases
        if let contradiction = restore.contradictionOfDatabases(manifest.format.engine) {
            throw OperationError(.usage, contradiction)
        }
        var options = request.options
        options.databases = options.databases.map { DatabaseMapping(source: $0.source, destination: 0) }
        return options
    }

    private func compare(
        _ access: SnapshotAccess,
        _ values: MemcachedConnection,
        _ options: ComparisonOptions,
        _ receive: (DiffItem) throws -> Void
    ) async throws -> DiffReport {
        let scope = ValueFingerprinter.Scope()
        var walk = ItemWalk(ItemReader(values, scope: scope), options: options)
        let begin = try await walk.time()
        var tally = ComparisonTally()
        var left = ComparisonSide(secret: scope.secret, spillingTo: context.spillPlace)
        let archives = try await SnapshotEntries.open(access, .left, options, scope)
        tally.leftKeyCount = try await archives.read(into: &left, context).keyCount
        await archives.close()

        var right = ComparisonSide(secret: scope.secret, spillingTo: context.spillPlace)
        tally.rightKeyCount = try await walk.read(
            namesOf: connection,
            into: &right,
            spillingTo: context.spillPlace
        ) { itemCount in
            context.progress(
                OperationProgress(.comparing, subject: values.address, completedKeyCount: itemCount)
            )
        }
        let end = try await walk.time()
        var comparison = try ComparisonRun(left: left, right: right)
        var merge = LiveMerge(judge: ComparisonJudge(options: options, moment: end), tally: tally)
        var unplaceableKeyCount: UInt64 = 0
        while let candidates = try merge.next(&comparison) {
            for look in try await self.look(at: candidates, &walk, merge.judge) {
                guard let difference = merge.take(look) else { continue }
                if Self.isUnplaceable(difference) { unplaceableKeyCount += 1 }
                try receive(.key(difference))
            }
        }
        if let warning = walk.warning { context.warn(warning) }
        return DiffReport(
            snapshot: access.manifest.id,
            other: values.address,
            deadlineTolerance: options.deadlineTolerance,
            tally: merge.tally,
            window: begin...max(begin, end),
            comparedLibraries: false,
            unplaceableKeyCount: unplaceableKeyCount
        )
    }

    /// Each pair with the item as it is now.
    private func look(
        at pairs: [ComparisonPair],
        _ walk: inout ItemWalk,
        _ judge: ComparisonJudge
    ) async throws -> [NodeLooks.Look] {
        let entries = try await walk.entries(of: pairs.map(\.key))
        var judge = judge
        judge.moment = try await walk.time()
        return zip(pairs, entries).map { pair, entry in
            let hasLook = pair.database == 0 && KeyForm.naming(pair.key) != nil
            let pair = ComparisonPair(left: pair.left, right: hasLook ? entry : pair.right)
            return NodeLooks.Look(pair: pair, judgement: judge.judge(pair))
        }
    }

    /// Whether a key is missing because Memcached has no place for it.
    private static func isUnplaceable(_ difference: ComparisonDifference) -> Bool {
        difference.kind == .missing && (difference.database != 0 || KeyForm.naming(difference.key) == nil)
    }
}

extension ComparisonPair {
    fileprivate var database: UInt32 { (left ?? right)?.database ?? 0 }
    fileprivate var key: ByteBuffer { (left ?? right)?.key ?? ByteBuffer() }
}
