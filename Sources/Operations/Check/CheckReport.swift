package import Catalog
package import SnapshotModel

/// What a check found, the worst first.
package struct CheckReport: Sendable {
    package let policy: String
    package let sourceName: String?
    /// The worst first, else in the order of the checks; empty if all is well.
    package internal(set) var findings: [CheckFinding]
    /// The newest good snapshot, and how old its data is.
    package internal(set) var newest: SnapshotEntry?
    package internal(set) var ageMilliseconds: Int64?
    /// When a snapshot of the policy was last read again and found well.
    package internal(set) var verifiedAt: UnixMilliseconds?
    /// When a snapshot of the policy last passed a drill.
    package internal(set) var drilledAt: UnixMilliseconds?
    /// nil where nothing can be written anyway.
    package internal(set) var freeByteCount: UInt64?
    /// The last attempt that failed, if it is newer than the newest good snapshot: why there is none.
    package internal(set) var lastFailure: RunRecord?

    /// The worst severity; nil if all is well.
    package var severity: CheckFinding.Severity? { findings.map(\.severity).max() }
}
