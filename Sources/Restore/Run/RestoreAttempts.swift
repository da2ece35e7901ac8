import SnapshotModel
import Transport

/// Runs a restore over as many connections as it takes: what is lost with one is redone over the next.
///
/// One task owns it.
final class RestoreAttempts {
    private let job: RestoreJob
    private let journal: RestoreJournal?
    private let notify: @Sendable (String) -> Void
    /// The connections of the last attempt.
    private(set) var link: RestoreLink
    private(set) var tally: RestoreTally
    /// By what the target was known last, and what it has evicted.
    private(set) var node: JournaledNode
    private(set) var evictions: EvictionWatch
    private(set) var retryCount: UInt64 = 0
    private(set) var sentByteCount: UInt64 = 0
    private(set) var piecewiseKeyCount: UInt64 = 0
    /// Temporary keys that attempts may have left in the target.
    private(set) var standing = StandingKeys()

    init(
        _ job: RestoreJob,
        over link: RestoreLink,
        node: JournaledNode,
        evictedBefore: UInt64,
        tally: RestoreTally,
        journal: RestoreJournal?,
        notify: @escaping @Sendable (String) -> Void
    ) {
        self.job = job
        self.link = link
        self.node = node
        evictions = EvictionWatch(from: evictedBefore)
        self.tally = tally
        self.journal = journal
        self.notify = notify
    }

    /// Loads everything; returns when it is done, or when no further attempt may help.
    func run() async -> RestoreResult.Ending {
        let patience = job.plan.options.retryFor
        var deadline = ContinuousClock.now.advanced(by: patience)
        while true {
            let before = tally.confirmed.end
            let run = RestoreRun(job, over: link, from: tally, journal: journal, sentByteCount: sentByteCount)
            run.evictions = evictions
            let ending = await run.run()
            evictions = run.evictions
            tally = run.tally
            sentByteCount = run.sentByteCount
            standing.places += run.standing.places
            piecewiseKeyCount += run.piecewiseKeyCount
            await journal?.note(tally.takeUnwritten(), reach: tally.reach)
            guard patience > .zero, ending.mayPass else { return ending }
            // Patience begins anew with every window that got through.
            if tally.confirmed.end > before { deadline = .now.advanced(by: patience) }
            let left = max(.zero, ContinuousClock.now.duration(to: deadline))
            notify("\(ending.words); trying again for up to \(left.seconds) s")
            let tallyAtBreak = tally
            tally.abandonOpenWindows()
            await link.close()
            if let failure = await reconnect(after: ending, until: deadline) {
                tally = tallyAtBreak
                return failure
            }
            retryCount += 1
        }
    }

    // MARK: A new connection

    /// Connects until it works and the target is fit to go on with; the ending if neither comes in time.
    private func reconnect(
        after ending: RestoreResult.Ending,
        until deadline: ContinuousClock.Instant
    ) async -> RestoreResult.Ending? {
        var last = ending
        var pause = RetryPause()
        var random = SystemRandomNumberGenerator()
        while true {
            let length = pause.next(using: &random)
            guard ContinuousClock.now.advanced(by: length) < deadline else { return last }
            do {
                try await Task.sleep(for: length)
                guard let found = try await attempt(until: deadline) else { continue }
                switch found {
                case .goesOn: return nil
                case .ended(let ending): return ending
                }
            } catch {
                let failure = RestoreResult.Ending(error)
                guard failure.mayPass else { return failure }
                if !ending.isDemotion { last = failure }
            }
        }
    }

    private enum Found {
        case goesOn
        case ended(RestoreResult.Ending)
    }

    /// One attempt: nil if the target is there and not yet fit.
    private func attempt(until deadline: ContinuousClock.Instant) async throws -> Found? {
        var options = job.target
        let left = max(.milliseconds(1), ContinuousClock.now.duration(to: deadline))
        options.connectTimeout = min(options.connectTimeout, left)
        options.loadingPatience = min(options.loadingPatience, left)
        let control = try await TargetSession.connect(options).store
        do {
            let clock = try await control.clock() ?? link.clock
            let confirmed = tally.sample.entries.filter { $0.unit < tally.confirmed.end }
            let examination = try await control.examine(confirmed, clock: clock)
            guard !examination.isReplica, !examination.isLoading else {
                await control.close()
                return nil
            }
            if case .refuses(let reason) = await decide(examination, now: clock.now) {
                await control.close()
                return .ended(.exchanged(reason))
            }
            let count = link.lanes.count
            link = try await RestoreLink.open(beside: control, clock: clock, options, laneCount: count, job.manner)
        } catch {
            await control.close()
            throw error
        }
        notify("\(control.address): connected again, going on after \(tally.handledRecordCount) records")
        return .goesOn
    }

    /// Goes back as far as the target's state asks for.
    private func decide(_ target: TargetExamination, now: UnixMilliseconds) async -> Continuation {
        let decision = Continuation(
            at: target,
            after: node,
            stored: tally.confirmed.totals.keyspace,
            existing: job.plan.options.existing,
            now: now
        )
        switch decision {
        case .goesOn, .refuses: return decision
        case .stepsBack(let reason):
            notify(reason)
            tally.stepBack()
        case .beginsAnew(let reason):
            notify(reason)
            tally.beginAnew(isEmpty: target.keyCount == 0)
        }
        if target.node.runID != node.runID { evictions.restart() }
        node = target.node
        await journal?.restart(node, from: tally.confirmed.end)
        return decision
    }
}

extension RestoreResult.Ending {
    /// Why an attempt ended, for a notice.
    fileprivate var words: String {
        switch self {
        case .connectionLost(let error): error.message
        case .refused(let text): "the target took no further writes (\(text))"
        case .exchanged(let reason): reason
        case .finished, .damaged, .cancelled: "the attempt ended"
        }
    }
}

extension Duration {
    /// Whole seconds, rounded up.
    fileprivate var seconds: Int64 { components.seconds + (components.attoseconds > 0 ? 1 : 0) }
}
