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
            try await withTarget(context, access) { $0.plan }
        }
    }

    /// Restores.
    ///
    /// Throws `unsafeTarget`, with all that is to be done, if the plan has refusals.
    package func run(_ context: OperationContext) async throws -> RestoreReport {
        try checkRequest()
        return try await context.withSnapshot(request.query) { access in
            try await withTarget(context, access) { target in
                for finding in target.plan.warnings { context.warn(finding.message + "; " + finding.advice) }
                if let refusal = target.plan.refusal { throw refusal }
                return try await access.withParts(salvage: request.options.salvage, context) { parts in
                    try await apply(target, access, parts, context)
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

    // MARK: The target

    private struct Target {
        var connection: NodeConnection
        var clock: TargetClock
        var plan: RestorePlan
    }

    private func withTarget<Value>(
        _ context: OperationContext,
        _ access: SnapshotAccess,
        _ body: (Target) async throws -> Value
    ) async throws -> Value {
        context.progress(OperationProgress(.connecting, subject: request.target.url.address))
        let connection = try await connect()
        do {
            let value = try await body(try await survey(connection, access.manifest, context))
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }

    /// A target that is still loading when patience ends would refuse every write.
    private func connect() async throws -> NodeConnection {
        do throws(TransportError) {
            return try await NodeConnection.connect(request.target)
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
        _ connection: NodeConnection,
        _ manifest: Manifest,
        _ context: OperationContext
    ) async throws -> Target {
        context.progress(OperationProgress(.preparing, subject: manifest.id.text))
        let mappings = RestorePlan.mappings(manifest, request.options)
        let facts = try await TargetSurvey.survey(
            connection,
            databases: mappings.map(\.destination),
            rdbVersion: RestorePlan.stampedVersion(manifest.format)
        )
        var clock = TargetClock(told: context.now(), at: .now)
        if let told = try await TargetSurvey.clock(connection) {
            clock = told
        } else {
            context.warn("\(connection.address) does not tell its time; deadlines are compared with this host's clock")
        }
        let plan = RestorePlan(manifest: manifest, options: request.options, target: facts, now: clock.now)
        return Target(connection: connection, clock: clock, plan: plan)
    }

    // MARK: Applying

    private func apply(
        _ target: Target,
        _ access: SnapshotAccess,
        _ parts: SnapshotParts,
        _ context: OperationContext
    ) async throws -> RestoreReport {
        let id = access.manifest.id
        let engine = RestoreEngine(
            plan: target.plan,
            manifest: access.manifest,
            parts: parts.opened,
            target: request.target
        ) { progress in
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
        var result = try await engine.run(target.connection, clock: target.clock)
        result.lostBlocks = parts.problems + result.lostBlocks
        return RestoreReport(manifest: access.manifest, plan: target.plan, result: result)
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
