import Comparison
import RDB
import SnapshotModel
import Transport

/// A second look at a module's value of which the node has other bytes than the archive.
struct ModuleValueLook {
    let connection: NodeConnection
    let engine: Engine
    let scope: ValueFingerprinter.Scope
    /// Of the archive's payloads.
    let rdbVersion: Int

    /// Decides in the verdict, if it can, about what the first look has left undecided.
    func settle(
        _ value: ArchivedValue,
        found: ValueFingerprint,
        of archive: ArchivedValues,
        in verdict: inout DrillJudge.Verdict
    ) async throws {
        guard let payload = try await archive.payload(of: value.entry) else { return }
        let proof = OpaqueValueProof(connection, engine: engine, scope: scope, rdbVersion: rdbVersion)
        switch try await proof.examine(payload, found: found) {
        case .undecided: return
        case .same: break
        case .differs: verdict.add(.value, "it is not what the node makes of the archive's payload")
        }
        verdict.isUndecided = false
    }
}
