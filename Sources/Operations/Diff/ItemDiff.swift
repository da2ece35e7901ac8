import Comparison
import NIOCore
import ObjectStorage
import RDB
import SnapshotModel
import Transport

/// Compares a snapshot with a live Memcached node, as ``NodeDiff`` does with one of Redis.
struct ItemDiff {
    let request: DiffRequest
    let connection: ConnectionOptions
    let context: OperationContext

    func run(_ access: SnapshotAccess, _ receive: (DiffItem) throws -> Void) async throws -> DiffReport {
        context.progress(OperationProgress(.connecting, subject: connection.url.address))
        let crawler = try await MemcachedConnection.connect(connection)
        do {
            let values = try await MemcachedConnection.connect(connection)
            do {
                let report = try await compare(access, crawler, values, receive)
                await values.close()
                await crawler.close()
                return report
            } catch {
                await values.close()
                throw error
            }
        } catch {
            await crawler.close()
            throw error
        }
    }

    private func compare(
        _ access: SnapshotAccess,
        _ crawler: MemcachedConnection,
        _ values: MemcachedConnection,
        _ receive: (DiffItem) throws -> Void
    ) async throws -> DiffReport {
        let scope = ValueFingerprinter.Scope()
        var walk = ItemWalk(ItemReader(values, scope: scope), options: request.options)
        let begin = try await walk.time()
        var tally = ComparisonTally()
        var left = ComparisonSide(secret: scope.secret, spillingTo: context.spillPlace)
        let archives = try await SnapshotEntries.open(access, .left, request.options, scope)
        tally.leftKeyCount = try await archives.read(into: &left, context).keyCount
        await archives.close()

        var right = ComparisonSide(secret: scope.secret, spillingTo: context.spillPlace)
        tally.rightKeyCount = try await walk.read(
            namesOver: crawler,
            into: &right,
            spillingTo: context.spillPlace
        ) { itemCount in
            context.progress(
                OperationProgress(.comparing, subject: values.address, completedKeyCount: itemCount)
            )
        }
        let end = try await walk.time()
        var comparison = try ComparisonRun(left: left, right: right)
        var merge = LiveMerge(judge: ComparisonJudge(options: request.options, moment: end), tally: tally)
        while let candidates = try merge.next(&comparison) {
            for look in try await self.look(at: candidates, &walk, merge.judge) {
                if let difference = merge.take(look) { try receive(.key(difference)) }
            }
        }
        if let warning = walk.warning { context.warn(warning) }
        return DiffReport(
            snapshot: access.manifest.id,
            other: values.address,
            deadlineTolerance: request.options.deadlineTolerance,
            tally: merge.tally,
            window: begin...max(begin, end),
            comparedLibraries: false
        )
    }

    /// Each pair with the item as it is now.
    private func look(
        at pairs: [ComparisonPair],
        _ walk: inout ItemWalk,
        _ judge: ComparisonJudge
    ) async throws -> [NodeLooks.Look] {
        let entries = try await walk.entries(of: pairs.map { ($0.left ?? $0.right)?.key ?? ByteBuffer() })
        var judge = judge
        judge.moment = try await walk.time()
        return zip(pairs, entries).map { pair, entry in
            let pair = ComparisonPair(left: pair.left, right: entry)
            return NodeLooks.Look(pair: pair, judgement: judge.judge(pair))
        }
    }
}
