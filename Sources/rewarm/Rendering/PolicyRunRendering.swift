import Operations
import Retention
import SnapshotModel

/// A run of a policy: one line for people, one object for programs and hooks.
struct PolicyRunRendering {
    private let run: PolicyRun

    init(_ run: PolicyRun) {
        self.run = run
    }

    func finish(_ console: Console) -> VerbResult {
        if let report = run.report { console.done(text(report)) }
        return VerbResult(failure: run.failure, orElse: partialStatus, summary)
    }

    private var partialStatus: ExitStatus { run.report.map(SnapshotReportRendering.status) ?? .ok }

    /// What hooks are told; the object on their standard input has the fields of the summary of `--json`.
    func hookReport(repository: String) -> HookReport {
        let status: HookReport.Status = run.snapshot == nil ? .running : run.isGood ? .success : .failure
        let exitCode = run.snapshot.map { _ in exitStatus.rawValue }
        var object: JSONObject = ["schema": .integer(JSONLine.schema), "status": .string(status.rawValue)]
        object.add("exitCode", exitCode.map { .integer(Int64($0)) } ?? .null)
        object.add("repository", .string(repository))
        object.add(summary)
        return HookReport(
            status,
            exitCode: exitCode,
            policy: run.policy,
            sourceName: run.sourceName,
            repository: repository,
            snapshot: run.report?.manifest.id.text,
            json: object.text
        )
    }

    /// As the process will end: a run that a signal ended has the signal's code.
    private var exitStatus: ExitStatus {
        guard let failure = run.failure else { return partialStatus }
        let signal = failure.kind == .cancelled ? SignalWatch.shared.status : nil
        return signal ?? ExitStatus(failure.kind)
    }

    private func text(_ report: SnapshotReport) -> String {
        var text = SnapshotReportRendering.text(report)
        guard let expire = run.expireReport, expire.isApplied else { return text }
        let deleted = expire.decision.count(.delete)
        if deleted > 0 { text += ", expired \(deleted)" }
        if let purge = expire.purge, purge.freedByteCount > 0 {
            text += ", freed \(Figures.bytes(purge.freedByteCount))"
        }
        return text
    }

    private var summary: JSONObject {
        var object: JSONObject = ["policy": .string(run.policy)]
        if let report = run.report {
            object.add(SnapshotReportRendering.summary(report))
        } else {
            object.add("sourceName", .string(run.sourceName))
        }
        object.add(SnapshotRendering.instant("runStartedAt", run.startedAt))
        if let finishedAt = run.finishedAt { object.add(SnapshotRendering.instant("runFinishedAt", finishedAt)) }
        object.add("failure", run.failure.map { .object(Self.json($0)) } ?? .null)
        object.add("expire", run.expireReport.map { .object(Self.json($0)) } ?? .null)
        object.add("failedHookCount", .count(run.failedHookCount))
        return object
    }

    private static func json(_ failure: OperationError) -> JSONObject {
        ["kind": .string(failure.kind.rawValue), "message": .string(failure.message)]
    }

    private static func json(_ report: ExpireReport) -> JSONObject {
        [
            "isApplied": .bool(report.isApplied),
            "keepCount": .count(report.decision.count(.keep)),
            "skipCount": .count(report.decision.count(.skip)),
            "deleteCount": .count(report.decision.count(.delete)),
            "brakes": .array(report.decision.plan.brakes.map { .string($0.name) }),
            "purgedSnapshotCount": report.purge.map { .count($0.freedSnapshotCount) } ?? .null,
            "purgedByteCount": report.purge.map { .unsigned($0.freedByteCount) } ?? .null,
        ]
    }
}
