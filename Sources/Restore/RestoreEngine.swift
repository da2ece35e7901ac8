import NIOCore
import RDB
import RESP
package import SnapshotModel
package import Transport

/// Loads archives into a target that the preflight found fit.
///
/// ```
/// archive -blocks, decoded ahead in parallel-> pump: filter, deadline, encode -batches-> lanes in turn -> target
/// lanes: answers -> tally;   then values over several blocks, each streamed into one RESTORE;   then the check
/// ```
/// One task encodes and counts: the target's one thread is far slower than it. Memory: the blocks decoded ahead, 1 MiB
/// of commands on each lane, the sample.
package struct RestoreEngine: Sendable {
    private let plan: RestorePlan
    private let manifest: Manifest
    private let parts: [RestorePart]
    private let target: ConnectionOptions
    private let progress: @Sendable (RestoreProgress) -> Void

    /// `progress` is told after each batch how far the run is.
    package init(
        plan: RestorePlan,
        manifest: Manifest,
        parts: [RestorePart],
        target: ConnectionOptions,
        progress: @escaping @Sendable (RestoreProgress) -> Void = { _ in }
    ) {
        self.plan = plan
        self.manifest = manifest
        self.parts = parts
        self.target = target
        self.progress = progress
    }

    /// Runs the restore over `control`, a connection that runs no other command meanwhile, and lanes of its own.
    ///
    /// - Throws: `TransportError` before the first record was sent; what happens later is in the result.
    package func run(_ control: NodeConnection, clock: TargetClock) async throws(TransportError) -> RestoreResult {
        let begin = ContinuousClock.now
        let lanes = try await openLanes()
        _ = await plan.target.leftovers.remove(over: control)
        if plan.options.flushTarget {
            try await control.flush(plan, functions: RecordFilter.wantsFunctions(plan.options))
        }
        let evictedBefore = try await control.evictedKeyCount()
        let startedAt = clock.now
        let pieces = makePieceSender(clock, startedAt)
        let run = makeRun(lanes, pieces, control, clock, startedAt)
        let ending = await run.run()
        await pieces.close()
        let standing = pieces.standing
        // Also when the run was cancelled: a task of its own does not know of it.
        await Task { _ = await standing.remove(over: control) }.value
        let loaded = ContinuousClock.now
        progress(run.progressOfCheck)
        var tally = run.tally
        let check = TargetCheck(plan: plan, clock: clock, evictedBefore: evictedBefore)
        let verification = await check.run(control, tally.keyspace, tally.sample, &tally.accounting)
        return RestoreResult(
            ending: ending,
            accounting: tally.accounting,
            libraries: tally.libraries,
            moduleAuxiliaryCount: run.moduleAuxiliaryCount,
            dueKeyCount: tally.keyspace.dueCount(by: clock.now),
            errorTexts: tally.errorTexts,
            verification: verification,
            lostBlocks: run.lostBlocks,
            sentByteCount: run.sentByteCount,
            startedAt: startedAt,
            loadingDuration: begin.duration(to: loaded),
            duration: begin.duration(to: .now)
        )
    }

    private func openLanes() async throws(TransportError) -> [RestoreLane] {
        var lanes: [RestoreLane] = []
        do throws(TransportError) {
            for _ in 0..<plan.connectionCount {
                lanes.append(try await RestoreLane(NodeConnection.connect(target)))
            }
        } catch {
            for lane in lanes { await lane.close() }
            throw error
        }
        return lanes
    }

    private func makeRun(
        _ lanes: [RestoreLane],
        _ pieces: PieceSender,
        _ control: NodeConnection,
        _ clock: TargetClock,
        _ startedAt: UnixMilliseconds
    ) -> RestoreRun {
        let format = manifest.format
        let typeNames = (0...UInt8.max).map { RDBValueTypes.row(type: $0, format: format)?.name }
        var tally = RestoreTally(
            captured: plan.capturedRecordCount,
            start: startedAt,
            seed: plan.options.sampleSeed,
            typeNames: typeNames.enumerated().map { $0.element ?? "type \($0.offset)" }
        )
        tally.libraries.captured = manifest.statistics.functionLibraryCount
        let pacer = plan.options.keysPerSecond.map { RatePacer(keysPerSecond: $0, start: .now) }
        let pump = RecordPump(
            format: manifest.format,
            filter: RecordFilter(plan.options) { typeNames[Int($0)] },
            resolver: DeadlineResolver(plan.options, manifest, start: startedAt),
            encoder: RecordEncoder(plan.dialect),
            batchRecordLimit: pacer?.batchRecordLimit ?? .max,
            hasFieldDeadlines: (0...UInt8.max).map { FieldDeadlines.areIn(type: $0, format: manifest.format) }
        )
        return RestoreRun(
            plan: plan,
            parts: parts,
            lanes: lanes,
            pieces: pieces,
            loader: LibraryLoader(
                connection: control,
                dialect: plan.dialect,
                isSupported: plan.target.functionLibraryCount != nil
            ),
            clock: clock,
            pump: pump,
            pacer: pacer,
            tally: tally,
            otherRecordTotal: manifest.statistics.functionLibraryCount + manifest.statistics.moduleAuxiliaryCount,
            progress: progress
        )
    }

    private func makePieceSender(_ clock: TargetClock, _ startedAt: UnixMilliseconds) -> PieceSender {
        let keys = TemporaryKeys(keepsSlots: plan.target.isClusterNode)
        return PieceSender(
            lane: PieceLane(target: target, token: keys.token),
            format: manifest.format,
            dialect: plan.dialect,
            typeDialect: TypeCommandDialect(plan.target),
            resolver: DeadlineResolver(plan.options, manifest, start: startedAt),
            clock: clock,
            keys: keys
        )
    }
}
