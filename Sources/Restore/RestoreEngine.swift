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
        if plan.options.flushTarget { try await flush(control) }
        let evictedBefore = try await control.evictedKeyCount()
        let startedAt = clock.now
        let run = makeRun(lanes, control, clock, startedAt)
        let ending = await run.run()
        let loaded = ContinuousClock.now
        progress(run.progressOfCheck)
        var tally = run.tally
        let verification = await verify(&tally, control, clock, evictedBefore: evictedBefore)
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
            resolver: DeadlineResolver(mode: plan.options.deadlineMode, instant: manifest.instant, start: startedAt),
            encoder: RecordEncoder(plan.dialect),
            batchRecordLimit: pacer?.batchRecordLimit ?? .max,
            hasFieldDeadlines: (0...UInt8.max).map { FieldDeadlines.areIn(type: $0, format: manifest.format) }
        )
        return RestoreRun(
            plan: plan,
            parts: parts,
            lanes: lanes,
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

    /// Empties the target, and waits until the memory is free: an evicting target would take the new keys for it.
    private func flush(_ control: NodeConnection) async throws(TransportError) {
        _ = try await control.command("FLUSHALL", "ASYNC")
        if plan.target.functionLibraryCount ?? 0 > 0, RecordFilter.wantsFunctions(plan.options) {
            _ = try await control.command("FUNCTION", "FLUSH")
        }
        while try await control.info("memory").number("lazyfree_pending_objects") ?? 0 > 0 {
            do {
                try await Task.sleep(for: .milliseconds(20))
            } catch {
                throw TransportError(.cancelled, "\(control.address): cancelled")
            }
        }
    }

    /// Asks the target what it holds; nil if it does not answer any more.
    private func verify(
        _ tally: inout RestoreTally,
        _ control: NodeConnection,
        _ clock: TargetClock,
        evictedBefore: UInt64
    ) async -> RestoreVerification? {
        do throws(TransportError) {
            var verification = RestoreVerification()
            // One INFO tells both, so that they belong together.
            let node = try await control.probe()
            var evictedCount = Self.difference(node.evictedKeyCount, evictedBefore)
            if plan.target.keyCount == 0 || plan.options.flushTarget {
                verification.databases = RestoreVerification.check(
                    tally.keyspace,
                    against: node.keyspace.mapValues {
                        TargetFacts.KeyspaceCounts(keyCount: $0.keyCount, expiringKeyCount: $0.expiringKeyCount)
                    },
                    evictedCount: evictedCount,
                    now: clock.now
                )
            }
            let isUntouched = try await control.reply(to: ["CLIENT", "NO-TOUCH", "ON"]).isOK
            let reader = SampleReader(
                connection: control,
                engine: plan.target.engine,
                knowsExpireTime: plan.target.knowsExpireTime,
                readsValues: isUntouched || plan.dialect.accessUse == .none,
                clock: clock
            )
            try await reader.read(tally.sample, into: &verification)
            // A target that is short of memory goes on evicting.
            evictedCount = Self.difference(try await control.evictedKeyCount(), evictedBefore)
            tally.accounting.moveRestoredToEvicted(evictedCount)
            return verification
        } catch {
            return nil
        }
    }

    private static func difference(_ after: UInt64?, _ before: UInt64) -> UInt64 {
        let after = after ?? 0
        return after - min(after, before)
    }
}

extension NodeConnection {
    /// `evicted_keys` of INFO stats: keys thrown away for want of memory since the server's start.
    fileprivate func evictedKeyCount() async throws(TransportError) -> UInt64 {
        try await info("stats").number("evicted_keys").flatMap { UInt64(exactly: $0) } ?? 0
    }
}
