package import Catalog
package import Retention
package import SnapshotModel

/// Something that is not as the policy's section `check` and its guards want it.
package enum CheckFinding: Sendable {
    /// The repository cannot be opened or read; nothing else is known then.
    case unreadable(OperationError)
    /// There is no good snapshot; so many others there are.
    case noSnapshot(otherCount: Int)
    case tooOld(SnapshotEntry, ageMilliseconds: Int64, limit: CivilDuration)
    case tooFewKeys(SnapshotEntry, minimum: UInt64)
    /// Bytes before compression.
    case tooFewBytes(SnapshotEntry, minimum: UInt64)
    /// A verification found damage in snapshots that are kept.
    case damaged([SnapshotEntry])
    /// A guard doubts a snapshot that is newer than the newest good one.
    case suspicious(SnapshotEntry)
    /// The instant of a snapshot lies in the future: a clock is wrong, and its age says nothing.
    case future(SnapshotEntry)
    /// nil: never.
    case verification(lastAt: UnixMilliseconds?, limit: CivilDuration)
    case drill(lastAt: UnixMilliseconds?, limit: CivilDuration)
    case littleSpace(freeByteCount: UInt64, neededByteCount: UInt64)

    package enum Severity: Int, Comparable, Sendable {
        /// What protects the backup is late or short; a restore would be possible.
        case warning
        /// A restore would bring back too little, too old or nothing.
        case critical

        package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    package var severity: Severity {
        switch self {
        case .unreadable, .noSnapshot, .tooOld, .tooFewKeys, .tooFewBytes, .damaged: .critical
        case .suspicious, .future, .verification, .drill, .littleSpace: .warning
        }
    }

    /// What was checked, as `--json` names it.
    package var subject: String {
        switch self {
        case .unreadable: "repository"
        case .noSnapshot, .tooOld, .future: "age"
        case .tooFewKeys, .tooFewBytes, .suspicious: "size"
        case .damaged: "integrity"
        case .verification: "verification"
        case .drill: "drill"
        case .littleSpace: "space"
        }
    }
}
