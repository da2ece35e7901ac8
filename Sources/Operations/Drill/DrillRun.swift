import ArchiveIO
import Capture
import Catalog
import ObjectStorage
import Restore
import SnapshotModel
import Transport

/// A drill of one snapshot, from the start of the server to its end.
struct DrillRun: Sendable {
    /// By so much every deadline lies in the future when the restore begins, beside the life that it had left: no drill
    /// takes that long, so nothing expires in between.
    private static let marginMilliseconds: Int64 = 86_400_000
    /// What a server needs beside the data, and how much more than estimated it may come to.
    private static let serverByteCount: UInt64 = 32 << 20
    private static let memoryReserve = 1.15

    private let request: DrillRequest
    private let access: SnapshotAccess
    private let context: OperationContext
    private let start: ContinuousClock.Instant
    private let startedAt: UnixMilliseconds
    private let meter = ArchiveMeter()

    init(
        _ request: DrillRequest,
        _ access: SnapshotAccess,
        _ context: OperationContext,
        start: ContinuousClock.Instant,
        startedAt: UnixMilliseconds
    ) {
        self.request = request
        self.access = access
        self.context = context
        self.start = start
        self.startedAt = startedAt
    }

    private var manifest: Manifest { access.manifest }

    func run(_ restored: @Sendable (ConnectionOptions) async throws -> Void) async throws -> DrillOutcome {
        var record = DrillRecord(
            .inconclusive,
            engine: manifest.source.engine,
            startedAt: startedAt,
            endedAt: startedAt,
            rpoMilliseconds: max(0, startedAt.milliseconds(since: hostInstant))
        )
        record.objectives = request.objectives
        record.phases[.locate] = start.duration(to: .now).milliseconds
        var outcome = DrillOutcome(manifest, record, place: "")
        outcome.policy = request.policy
        do {
            switch request.place {
            case .scratch(let program): try await drillScratch(program, &outcome, restored)
            case .target(let connection, let flush):
                outcome.place = connection.url.address
                try await drill(connection, flush: flush, isScratch: false, &outcome, restored)
            }
        } catch {
            try note(error, in: &outcome)
        }
        outcome.record.endedAt = startedAt.advanced(byMilliseconds: start.duration(to: .now).milliseconds)
        return outcome
    }

    /// The instant of the data by this host's clock.
    private var hostInstant: UnixMilliseconds {
        manifest.instant.advanced(byMilliseconds: -(manifest.clocks?.differenceMilliseconds ?? 0))
    }

    // MARK: Errors

    /// What an error says about the snapshot: that it is damaged, or nothing.
    private func note(_ error: any Error, in outcome: inout DrillOutcome) throws {
        if error is CancellationError || Task.isCancelled { throw CancellationError() }
        if let obstacle = error as? DrillObstacle { return note(obstacle, in: &outcome) }
        let failure = OperationError(describing: error)
        switch failure.kind {
        case .integrity:
            outcome.record.result = .difference
            outcome.record.reason = failure.message
        case .usage, .denied, .cancelled: throw failure
        case .unsafeTarget:
            guard case .scratch = request.place else { throw failure }
            note(DrillObstacle(failure.message, "name another server with --server"), in: &outcome)
        default: note(DrillObstacle(failure.message, failure.hint ?? Self.advice(about: error)), in: &outcome)
        }
    }

    private static func advice(about error: any Error) -> String {
        switch error {
        case is TransportError: "see to it that the node stays up and answers, then run the drill again"
        case let error as ObjectStoreError where error.code == .noSpace:
            "make room in the directory for temporary files, then run the drill again"
        default: "mend the cause, then run the drill again"
        }
    }

    private func note(_ obstacle: DrillObstacle, in outcome: inout DrillOutcome) {
        outcome.record.result = .inconclusive
        outcome.record.reason = obstacle.reason + outcome.stage.words
        outcome.advice = obstacle.advice
    }

    // MARK: The server

    private func drillScratch(
        _ named: String?,
        _ outcome: inout DrillOutcome,
        _ restored: @Sendable (ConnectionOptions) async throws -> Void
    ) async throws {
        let program = try await ServerProgram.find(
            named: named,
            for: manifest.format,
            searchPath: context.directories.environment("PATH") ?? ""
        )
        outcome.place = program.path
        outcome.record.engine = program.engine
        try checkMemory()
        let begin = ContinuousClock.now
        let directory = try ScratchDirectory.make(in: ScratchDirectory.roots(context.directories))
        context.progress(OperationProgress(.preparing, subject: manifest.id.text))
        let needs = ScratchNode.Needs(manifest)
        let node = try await ScratchNode.start(program, needs, in: directory, replyTimeout: request.replyTimeout)
        outcome.record.serverVersion = program.versionText
        outcome.record.phases[.start] = begin.duration(to: .now).milliseconds
        do {
            try await drill(node.connection, flush: false, isScratch: true, &outcome, restored)
            await node.stop()
        } catch {
            // What a server that died leaves unsaid is not the reason.
            let death = await node.deathAfterError()
            await node.stop()
            if let death, !Task.isCancelled {
                throw DrillObstacle(
                    "the scratch server \(death)",
                    "look for its end in the system's log; out of memory?"
                )
            }
            throw error
        }
    }

    private func checkMemory() throws(DrillObstacle) {
        var options = RestoreOptions()
        options.deadlineShiftMilliseconds = startedAt.milliseconds(since: manifest.instant)
        let estimate = RestoreEstimate(manifest, options, now: startedAt, into: manifest.format.engine)
        let needed = UInt64(Double(estimate.likelyMemoryByteCount) * Self.memoryReserve) + Self.serverByteCount
        guard let available = request.availableMemory(), available < needed else { return }
        throw DrillObstacle(
            "the scratch server would need about \(needed >> 20) MiB of memory, and this host has \(available >> 20) MiB",
            "make memory free, run the drill on a larger host, or name an empty node with --target"
        )
    }

    // MARK: The drill

    private func drill(
        _ connection: ConnectionOptions,
        flush: Bool,
        isScratch: Bool,
        _ outcome: inout DrillOutcome,
        _ restored: @Sendable (ConnectionOptions) async throws -> Void
    ) async throws {
        try checkFamily(of: connection.url)
        var options = RestoreOptions()
        options.flushTarget = flush
        options.deadlineShiftMilliseconds = deadlineShiftMilliseconds
        outcome.stage = .restoring
        let report = try await restore(connection, options, &outcome)
        try check(report)
        outcome.stage = .comparing
        try await restored(connection)
        let begin = ContinuousClock.now
        let terms = DrillComparison.Terms(
            shiftMilliseconds: options.deadlineShiftMilliseconds,
            toleranceMilliseconds: request.toleranceMilliseconds,
            sample: request.sampleCount.map { DrillSample(count: $0, seed: request.sampleSeed) },
            restoredKeyCount: report.accounting[.restored],
            restoredFrom: report.result.startedAt,
            isScratch: isScratch,
            runID: report.plan.target.runID,
            evictedBefore: report.plan.target.evictedKeyCount
        )
        let findings =
            if connection.url.family == .memcached {
                try await DrillItemComparison.run(access, connection, terms, context)
            } else {
                try await DrillComparison.run(access, connection, terms, context)
            }
        outcome.record.phases[.compare] = begin.duration(to: .now).milliseconds
        outcome.findings = findings
        outcome.record.sentinel = try await lookForSentinel(connection)
        DrillVerdict(request.objectives, report).apply(findings, to: &outcome)
    }

    /// By so much every deadline is later in the node.
    private var deadlineShiftMilliseconds: Int64 {
        let shift = startedAt.milliseconds(since: manifest.instant) + Self.marginMilliseconds
        // Memcached counts seconds: so that no deadline is rounded.
        return manifest.format.engine == .memcached ? (shift + 999) / 1000 * 1000 : shift
    }

    /// Engines of different families keep different things, so that a comparison would find that and no more.
    private func checkFamily(of url: NodeURL) throws(OperationError) {
        guard (manifest.format.engine == .memcached) != (url.family == .memcached) else { return }
        throw OperationError(
            .usage,
            "snapshot \(manifest.id) is of \(manifest.format.engine.rawValue), and \(url.address) is no node of its kind",
            hint: "drill it in one of its own kind"
        )
    }

    /// Where the sentinel is now; nil if the snapshot has none, or its absence proves nothing.
    private func lookForSentinel(_ connection: ConnectionOptions) async throws -> DrillRecord.Sentinel? {
        guard let sentinel = manifest.sentinel, sentinel.finding != .undecided else { return nil }
        guard try await access.search(sentinel) == .found else { return .nowhere }
        let finding = try await sentinel.search(connection)
        return finding == .found ? .archiveAndNode : .archiveOnly
    }

    private func restore(
        _ connection: ConnectionOptions,
        _ options: RestoreOptions,
        _ outcome: inout DrillOutcome
    ) async throws -> RestoreReport {
        let curve = RecoveryCurve(since: start)
        var context = context.withoutJournals
        context.archiveMeter = meter
        context.progress = { [progress = context.progress] told in
            if told.phase == .restoring, let total = told.totalKeyCount {
                curve.note(told.completedKeyCount, of: total)
            }
            progress(told)
        }
        let request = RestoreRequest(query: SnapshotQuery(manifest.id.text), target: connection, options: options)
        let report = try await RestoreOperation(request).run(context)
        let loaded = ContinuousClock.now - (report.result.duration - report.result.loadingDuration)
        outcome.accounting = report.accounting
        outcome.record.engine = report.plan.target.engine
        outcome.record.serverVersion = report.plan.target.version
        outcome.record.restoredKeyCount = report.accounting[.restored]
        outcome.record.sampleSeed = self.request.sampleCount == nil ? nil : self.request.sampleSeed
        outcome.record.phases[.read] = meter.readDuration.milliseconds
        outcome.record.phases[.decode] = meter.decodeDuration.milliseconds
        outcome.record.phases[.load] = report.loadingMilliseconds
        let seconds = Double(max(1, report.loadingMilliseconds)) / 1000
        outcome.record.keysPerSecond = report.keysPerSecond
        outcome.record.bytesPerSecond = Double(manifest.rawByteCount) / seconds
        if case .finished = report.result.ending {
            outcome.record.rtoMilliseconds = start.duration(to: loaded).milliseconds
            outcome.recovery = curve.points(
                loadedAt: loaded,
                after: report.result.loadingDuration,
                served: report.result.servedCurve
            )
            // The milestones are counted from the beginning of the load.
            let served = report.result.servedAccesses.first { $0.percent == 80 }?.duration
            outcome.record.hotRTOMilliseconds = served.map {
                (start.duration(to: loaded) - report.result.loadingDuration + $0).milliseconds
            }
        }
        return report
    }

    /// What ended the restore before every record had its turn says nothing about those that had none.
    private func check(_ report: RestoreReport) throws {
        switch report.result.ending {
        case .finished: return
        case .cancelled: throw CancellationError()
        case .damaged: throw report.failure ?? OperationError(.integrity, "snapshot \(manifest.id) is damaged")
        case .refused(let words):
            throw DrillObstacle(
                "the node took no further writes (\(words)): \(report.summary)",
                "mend what it complains of, or give it more memory, then run the drill again"
            )
        case .exchanged(let words):
            throw DrillObstacle(words, "see to it that nobody else uses the node, then run the drill again")
        case .connectionLost(let error):
            throw DrillObstacle("\(error.message): \(report.summary)", Self.advice(about: error))
        }
    }
}

extension OperationContext {
    /// A restore into a scratch node is not continued after its end.
    fileprivate var withoutJournals: Self {
        var context = self
        context.directories = UserDirectories { [directories] name in
            name == "HOME" || name == "XDG_STATE_HOME" ? nil : directories.environment(name)
        }
        return context
    }
}
