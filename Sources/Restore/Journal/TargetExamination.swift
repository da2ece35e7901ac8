import RDB
import RESP
import SnapshotModel
package import Transport

/// What a target tells when a restore is to go on there, after an interruption.
package struct TargetExamination: Sendable {
    package var address: String
    package var node: JournaledNode
    package var isReplica: Bool
    package var isLoading: Bool
    package var keyspace: [UInt32: NodeInfo.KeyspaceEntry]
    /// Keys of the sample that were looked for, and those that were not there and not due.
    package var soughtCount: UInt64 = 0
    package var missingCount: UInt64 = 0

    package var keyCount: UInt64 { keyspace.values.reduce(0) { $0 + $1.keyCount } }

    /// Looks at the target over `control`: writes nothing.
    static func examine(
        _ control: NodeConnection,
        sample: [RestoreSample.Entry],
        clock: TargetClock
    ) async throws(TransportError) -> Self {
        let node = try await control.probe()
        var examination = Self(
            address: control.address,
            node: JournaledNode(runID: node.runID, replicationID: node.replicationID),
            isReplica: node.role == .replica,
            isLoading: node.isLoading,
            keyspace: node.keyspace
        )
        guard !node.isLoading else { return examination }
        var verification = RestoreVerification()
        let reader = SampleReader(
            connection: control,
            engine: node.engine,
            knowsExpireTime: node.supports(.pexpireTime),
            readsValues: false,
            clock: clock,
            scope: ValueFingerprinter.Scope()
        )
        try await reader.read(sample, into: &verification)
        _ = try await control.command("SELECT", 0)
        examination.soughtCount = verification.sampledKeyCount - verification.dueKeyCount
        examination.missingCount = verification.missingKeyCount
        return examination
    }
}
