package import Catalog
package import Restore
import SnapshotModel
package import Transport

/// Which snapshot goes where, and how.
package struct RestoreRequest: Sendable {
    package var query: SnapshotQuery
    /// Where the target is, and as whom to connect.
    package var target: ConnectionOptions
    package var options: RestoreOptions

    package init(query: SnapshotQuery, target: ConnectionOptions, options: RestoreOptions = RestoreOptions()) {
        self.query = query
        self.target = target
        self.options = options
    }
}

/// Rehydrates a target from a snapshot: plan, then apply, then check.
///
/// Nothing is written before the plan is without refusals. Once the first key was sent nothing is thrown: how far it
/// came, and why no further, is in the report.
package struct RestoreOperation: Sendable {
    private let request: RestoreRequest

    package init(_ request: RestoreRequest) {
        self.request = request
    }

    /// What `run` would do; asks the target and writes nothing.
    ///
    /// Refusals are in the plan, not thrown.
    package func plan(_ context: OperationContext) async throws -> RestorePlan {
        try checkRequest()
        return try await context.withSnapshot(request.query) { access in
            try await withTarget(context, access) { target in
                guard target.plan.refusals.isEmpty else { return target.plan }
                return try await access.withParts(salvage: request.options.salvage, context) { parts in
                    try await examined(target, access, parts, context)
                }
            }
        }
    }

    /// Restores; `announce` is told the plan before the first write, if that has no refusals.
    ///
    /// Throws `unsafeTarget`, with all that is to be done, if the plan has refusals.
    package func run(
        _ context: OperationContext,
        announce: (RestorePlan) throws -> Void = { _ in }
    ) async throws -> RestoreReport {
        try checkRequest()
        return try await context.withSnapshot(request.query) { access in
            try await withTarget(context, access) { found in
                for finding in found.plan.warnings { finding.tell(context) }
                if let refusal = found.plan.refusal { throw refusal }
                var target = try await detached(found, access.manifest, context)
                return try await access.withParts(salvage: request.options.salvage, context) { parts in
                    if request.options.method == .replication { try parts.requireUniqueKeys(access.manifest.id) }
                    target.plan = try await examined(target, access, parts, context)
                    if let refusal = target.plan.refusal { throw refusal }
                    try announce(target.plan)
                    return try await apply(target, access, parts, context)
                }
            }
        }
    }

    private func checkRequest() throws(OperationError) {
        if let contradiction = request.options.contradiction { throw OperationError(.usage, contradiction) }
        if let database = request.target.url.database {
            throw OperationError(
                .usage,
                "the target's URL names database \(database)",
                hint: "leave it out, and choose databases with --database SRC:DST"
            )
        }
    }

    private func checkRequest(_ manifest: Manifest) throws(OperationError) {
        let contradiction = request.options.contradiction(
            from: manifest.format.engine,
            intoMemcached: request.target.url.family == .memcached
        )
        if let contradiction { throw OperationError(.usage, contradiction) }
    }

    // MARK: The target

    private struct Target {
        var session: TargetSession
        var clock: TargetClock
        var plan: RestorePlan
        /// The journal of an interrupted restore of the snapshot to the target.
        var journalFile: RestoreJournalFile?
    }

    private func withTarget<Value>(
        _ context: OperationContext,
        _ access: SnapshotAccess,
        _ body: (Target) async throws -> Value
    ) async throws -> Value {
        try checkRequest(access.manifest)
        context.progress(OperationProgress(.connecting, subject: request.target.url.address))
        let session = try await connect()
        do {
            let value = try await body(try await survey(session, access.manifest, context))
            await session.close()
            return value
        } catch {
            await session.close()
            throw error
        }
    }

    /// A target that is still loading when patience ends would refuse every write.
    private func connect() async throws -> TargetSession {
        do throws(TransportError) {
            return try await TargetSession.connect(request.target)
        } catch  where error.code == .loading {
            throw OperationError(
                .unsafeTarget,
                error.message,
                hint: "wait until its dataset is loaded, then run the restore again",
                cause: error
            )
        }
    }

    private func survey(
        _ session: TargetSession,
        _ manifest: Manifest,
        _ context: OperationContext
    ) async throws -> Target {
        context.progress(OperationProgress(.preparing, subject: manifest.id.text))
        var facts = try await session.survey(manifest, request.options)
        if let left = AttachmentJournal(context.directories).attachment(of: facts) {
            facts.attachment = left.attachment
            facts.isAttachedByLiveRun = left.isAlive
        }
        var clock = TargetClock(told: context.now(), at: .now)
        if let told = try await session.clock() {
            clock = told
        } else {
            context.warn("\(session.address) does not tell its time; deadlines are compared with this host's clock")
        }
        let interrupted = try await RestoreJournals(context)
            .interrupted(manifest.id, request.options, facts, session, clock)
        let plan = RestorePlan(
            manifest: manifest,
            options: request.options,
            target: facts,
            now: clock.now,
            earlier: interrupted.earlier
        )
        return Target(session: session, clock: clock, plan: plan, journalFile: interrupted.file)
    }

    /// The target after what a killed run had told it is undone, and surveyed anew; the same if there is nothing.
    private func detached(_ target: Target, _ manifest: Manifest, _ context: OperationContext) async throws -> Target {
        guard let left = target.plan.target.attachment else { return target }
        if let problem = await Detachment(attachment: left, target: request.target).run() {
            throw OperationError(.unsafeTarget, problem, hint: left.remedy + ", then run the restore again")
        }
        AttachmentJournal(context.directories).end(left)
        let again = try await survey(target.session, manifest, context)
        if let refusal = again.plan.refusal { throw refusal }
        return again
    }

    // MARK: Applying

    private func apply(
        _ target: Target,
        _ access: SnapshotAccess,
        _ parts: SnapshotParts,
        _ context: OperationContext
    ) async throws -> RestoreReport {
        var parts = parts
        if request.options.onlyMissing {
            try await PresentRecords(
                manifest: access.manifest,
                options: request.options,
                target: request.target,
                context: context
            )
            .mark(&parts, in: target.session, keyspace: target.plan.target.keyspace.keys.sorted())
        }
        let result =
            switch request.options.method {
            case .commands:
                try await RestoreJournals(context).run(
                    RestoreEngine(
                        plan: target.plan,
                        manifest: access.manifest,
                        parts: parts.opened,
                        target: request.target,
                        progress: progress(access, context),
                        notify: { context.inform($0) }
                    ),
                    over: target.session,
                    clock: target.clock,
                    after: target.journalFile
                )
            case .replication:
                try await replicationEngine(target, access, parts, context)
                    .run(try target.session.requireNode(), clock: target.clock)
            }
        var whole = result
        whole.lostBlocks = parts.problems + result.lostBlocks
        await EvictedItems(manifest: access.manifest, target: request.target, context: context)
            .settle(&whole, target.plan, parts)
        for notice in whole.notices { context.warn(notice) }
        if result.accounting.captured > 0, result.accounting[.filtered] == result.accounting.captured {
            context.warn(
                "the filters left nothing of the snapshot's \(result.accounting.captured) keys: see --match, --exclude, --type "
                    + "and --database"
            )
        }
        return RestoreReport(manifest: access.manifest, plan: target.plan, result: whole)
    }

    /// A replication stream is looked through anyhow, and refused if it cannot hold everything.
    private var needsLossCheck: Bool { request.options.isStrict && request.options.method == .commands }

    /// The plan, once it is known whether the target can hold every record.
    private func strictPlan(
        _ target: Target,
        _ access: SnapshotAccess,
        _ parts: SnapshotParts
    ) async throws -> RestorePlan {
        var plan = target.plan
        guard plan.refusals.isEmpty else { return plan }
        var losses = LossCheck(plan, access.manifest, now: target.clock.now)
        try await losses.look(at: parts.opened, now: target.clock.now)
        if let node = target.session.node {
            for trial in losses.trials where try await !TargetSurvey.takes(trial.payload, node, plan.target) {
                losses.noteRefusal(of: trial)
            }
        }
        plan.judge(losses)
        return plan
    }

    /// The plan with what only the archives tell: how fast the target takes their records, and what a stream for it
    /// could not hold.
    private func examined(
        _ target: Target,
        _ access: SnapshotAccess,
        _ parts: SnapshotParts,
        _ context: OperationContext
    ) async throws -> RestorePlan {
        try await FlagsHashCheck(target.plan, access.manifest)?.run(parts.opened, target.session)
        var plan = needsLossCheck ? try await strictPlan(target, access, parts) : target.plan
        if plan.needsRehearsal {
            plan.judge(
                try await replicationEngine(target, access, parts, context).rehearse(now: target.clock.now),
                access.manifest
            )
        }
        guard plan.canBeMeasured, let node = target.session.node else { return plan }
        let trial = LoadTrial(
            access.manifest,
            parts: parts.opened,
            key: plan.target.trialKey,
            rdbVersion: RestorePlan.stampedVersion(access.manifest.format)
        )
        // A damaged block is for the restore to report.
        if let rate = try? await trial.run(node) { plan.foretell(rate) }
        return plan
    }

    private func replicationEngine(
        _ target: Target,
        _ access: SnapshotAccess,
        _ parts: SnapshotParts,
        _ context: OperationContext
    ) -> ReplicationEngine {
        ReplicationEngine(
            plan: target.plan,
            manifest: access.manifest,
            parts: parts.opened,
            target: request.target,
            journal: AttachmentJournal(context.directories).engineJournal(context),
            processID: SystemIdentity.processID,
            progress: progress(access, context)
        )
    }

    private func progress(
        _ access: SnapshotAccess,
        _ context: OperationContext
    ) -> @Sendable (RestoreProgress) -> Void {
        let id = access.manifest.id
        return { progress in
            context.progress(
                OperationProgress(
                    progress.isChecking ? .verifying : .restoring,
                    subject: id.text,
                    completedByteCount: progress.sentByteCount,
                    completedKeyCount: progress.recordCount,
                    totalKeyCount: progress.recordTotal
                )
            )
        }
    }
}

extension PreflightFinding {
    /// What a target never keeps is worth knowing, and no reason to wake anybody at night.
    fileprivate func tell(_ context: OperationContext) {
        let text = message + "; " + advice
        if kind == .casNotKept { context.inform(text) } else { context.warn(text) }
    }
}

extension TargetSession {
    /// The connection for what only Redis and Valkey know.
    fileprivate func requireNode() throws(OperationError) -> NodeConnection {
        guard let node else {
            throw OperationError(.usage, "\(address) is a Memcached server, which replicates from nobody")
        }
        return node
    }
}

extension RestorePlan {
    /// The error that the refusals mean: all of them, each with what to do.
    ///
    /// nil if there are none.
    package var refusal: OperationError? {
        guard let first = refusals.first else { return nil }
        let others = refusals.dropFirst().map { "; " + $0.message + " (" + $0.advice + ")" }.joined()
        let kind: FailureKind = first.kind == .notPermitted ? .denied : .unsafeTarget
        return OperationError(kind, first.message + others, hint: first.advice)
    }
}
