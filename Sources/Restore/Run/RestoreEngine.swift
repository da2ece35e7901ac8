import ByteCoding
import NIOCore
import RESP
package import SnapshotModel
package import Transport

/// Loads archives into a target that the preflight found fit.
///
/// ```
/// archive -blocks, decoded ahead in parallel-> pump: filter, deadline, encode -batches-> lanes in turn -> target
/// lanes: answers -> tally -windows-> journal;   then values over several blocks, each streamed;   then the check
/// ```
/// One task encodes and counts: the target's one thread is far slower than it. Memory: the blocks decoded ahead, 1 MiB
/// of commands on each lane, the sample.
package struct RestoreEngine: Sendable {
    /// Points of the curve of served accesses.
    private static let servedPointCount = 100

    package let plan: RestorePlan
    private let manifest: Manifest
    private let parts: [RestorePart]
    private let target: ConnectionOptions
    private let progress: @Sendable (RestoreProgress) -> Void
    private let notify: @Sendable (String) -> Void

    /// `progress` is told after each batch how far the run is; `notify` what happens to the connection, in sentences.
    package init(
        plan: RestorePlan,
        manifest: Manifest,
        parts: [RestorePart],
        target: ConnectionOptions,
        progress: @escaping @Sendable (RestoreProgress) -> Void = { _ in },
        notify: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.plan = plan
        self.manifest = manifest
        self.parts = parts
        self.target = target.waiting(forValueOf: manifest.statistics.largestBodyByteCount)
        self.progress = progress
        self.notify = notify
    }

    /// The fingerprint of the order in which the blocks go: a run can be continued in the same order only.
    package var orderFingerprint: UInt64 {
        BlockOrder(parts, coldestFirst: plan.goesColdestFirst).fingerprint
    }

    /// Runs the restore over `session`, a connection that runs no other command meanwhile, and lanes of its own.
    ///
    /// `journal` notes how far it is; `resumption` is where an earlier run came to.
    ///
    /// - Throws: `TransportError` before the first record was sent; what happens later is in the result.
    package func run(
        _ session: TargetSession,
        clock: TargetClock,
        journal: RestoreJournal? = nil,
        continuing resumption: RestoreResumption? = nil
    ) async throws(TransportError) -> RestoreResult {
        let control = session.store
        var manner = try await LoadManner.begin(control, plan, target)
        do throws(TransportError) {
            return try await run(control, clock, &manner, journal, resumption)
        } catch {
            await manner.end()
            throw error
        }
    }

    private func run(
        _ control: any TargetStore,
        _ clock: TargetClock,
        _ manner: inout LoadManner,
        _ journal: RestoreJournal?,
        _ resumption: RestoreResumption?
    ) async throws(TransportError) -> RestoreResult {
        let begin = ContinuousClock.now
        let link = try await RestoreLink.open(
            beside: control,
            clock: clock,
            target,
            laneCount: plan.connectionCount,
            manner.lanes
        )
        await control.remove(plan.target.leftovers)
        if plan.options.flushTarget, resumption == nil {
            try await control.flush(plan)
        }
        let evictedBefore = try await control.evictedKeyCount()
        let startedAt = clock.now
        let isEmpty = plan.target.usersKeyCount == 0 || plan.options.flushTarget
        let job = RestoreJob(
            plan: plan,
            manifest: manifest,
            parts: parts,
            start: resumption?.content.header.start ?? startedAt,
            wasEmpty: resumption?.content.header.wasEmpty ?? isEmpty,
            sampleSeed: resumption?.content.header.sampleSeed ?? plan.options.sampleSeed,
            sampleSecret: resumption?.content.header.sampleSecret ?? .random(),
            target: target,
            manner: manner.lanes,
            progress: progress
        )
        var tally = job.makeTally()
        let header = RestoreJournalHeader(
            snapshot: plan.snapshot,
            address: plan.target.address,
            node: plan.target.node,
            options: plan.options.journaled,
            start: job.start,
            sampleSeed: job.sampleSeed,
            sampleSecret: job.sampleSecret,
            wasEmpty: isEmpty,
            evictedBefore: evictedBefore,
            blockCount: job.order.count,
            orderFingerprint: job.order.fingerprint
        )
        if let resumption {
            await resumption.apply(to: &tally, journal)
        } else {
            await journal?.begin(header)
        }
        let isSameProcess = resumption.map { $0.content.node.runID == plan.target.runID } ?? true
        let attempts = RestoreAttempts(
            job,
            over: link,
            node: plan.target.node,
            evictedBefore: isSameProcess ? resumption?.content.header.evictedBefore ?? evictedBefore : 0,
            tally: tally,
            journal: journal,
            notify: notify
        )
        let resumedCount = tally.handledRecordCount
        let ending = await attempts.run()
        let (standing, last) = (attempts.standing, attempts.link.control)
        // Also when the run was cancelled: a task of its own does not know of it.
        await Task { await last.remove(standing) }.value
        await manner.end()
        let loaded = ContinuousClock.now
        var result = await finish(attempts, ending, job)
        result.resumedFrom = resumption.map { _ in
            RestoreResult.Resumption(startedAt: job.start, recordCount: resumedCount)
        }
        result.slowing = manner.slowing
        result.notices = manner.notices
        if case .finished = ending {
            result.servedAccesses = attempts.tally.served.milestones(since: begin)
            result.servedCurve = attempts.tally.served.curve(since: begin, count: Self.servedPointCount)
        }
        result.startedAt = startedAt
        result.loadingDuration = begin.duration(to: loaded)
        result.duration = begin.duration(to: .now)
        if case .finished = ending, result.verification != nil { await journal?.remove() }
        return result
    }

    /// Accounts for every record, and asks the target what it holds.
    private func finish(
        _ attempts: RestoreAttempts,
        _ ending: RestoreResult.Ending,
        _ job: RestoreJob
    ) async -> RestoreResult {
        progress(
            RestoreProgress(
                recordCount: attempts.tally.handledRecordCount,
                recordTotal: job.recordTotal,
                sentByteCount: attempts.sentByteCount,
                isChecking: true
            )
        )
        var tally = attempts.tally
        tally.account(for: ending, of: job)
        var totals = tally.allTotals
        totals.accounting.captured = plan.capturedRecordCount
        totals.libraries.captured = manifest.statistics.functionLibraryCount
        let link = attempts.link
        let check = TargetCheck(
            plan: plan,
            clock: link.clock,
            evictions: attempts.evictions,
            wasEmpty: job.wasEmpty
        )
        var evictedCount: UInt64 = 0
        let verification = await check.run(
            link.control,
            totals.keyspace,
            tally.sample,
            &totals.accounting,
            evictedCount: &evictedCount
        )
        if attempts.retryCount > 0 { await link.close() }
        return RestoreResult(
            ending: ending,
            accounting: totals.accounting,
            libraries: totals.libraries,
            moduleAuxiliaryCount: totals.moduleAuxiliaryCount,
            dueKeyCount: totals.keyspace.dueCount(by: link.clock.now),
            errorTexts: totals.errorTexts,
            verification: verification,
            evictedKeyCount: evictedCount,
            lostBlocks: totals.lostBlocks,
            piecewiseKeyCount: attempts.piecewiseKeyCount,
            sentByteCount: attempts.sentByteCount,
            startedAt: job.start,
            retryCount: attempts.retryCount,
            loadingDuration: .zero,
            duration: .zero
        )
    }
}

extension TargetFacts {
    /// By what it is known again.
    package var node: JournaledNode { JournaledNode(runID: runID, replicationID: replicationID) }
}
