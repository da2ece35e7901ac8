package import Catalog
import Comparison
package import Restore
package import SnapshotModel

/// What a drill came to, and where its evidence is.
package struct DrillOutcome: Sendable {
    /// A share of the keys, or of the recent accesses, that the node answered for at a time.
    package struct RecoveryPoint: Codable, Hashable, Sendable {
        /// Since the command.
        package var milliseconds: Int64
        /// From 0 to 1.
        package var keyShare: Double
        /// Of the recent accesses; nil where nothing is known of them.
        package var accessShare: Double?
    }

    package let manifest: Manifest
    package internal(set) var policy: String?
    package internal(set) var record: DrillRecord
    /// Where it was restored: the program, or the node's address.
    package internal(set) var place: String
    /// nil if it did not come to a comparison.
    package internal(set) var findings: DrillFindings?
    package internal(set) var accounting: RestoreAccounting?
    /// Ascending by time.
    package internal(set) var recovery: [RecoveryPoint] = []
    package internal(set) var warnings: [String] = []
    /// Earlier drills of snapshots of the same source, the oldest first; some of these may be purged.
    package internal(set) var earlier: [DrillOnRecord] = []
    /// The id of the fact in the repository; nil if it could not be stated.
    package internal(set) var factID: String?
    /// The files of the report; nil if they could not be written.
    package internal(set) var reportPath: String?
    package internal(set) var pagePath: String?

    init(_ manifest: Manifest, _ record: DrillRecord, place: String) {
        self.manifest = manifest
        self.record = record
        self.place = place
    }

    /// Why the drill is no proof, as the error that decides on the exit code; nil if it is one.
    package var failure: OperationError? {
        let reason = record.reason ?? ""
        let subject = "the drill of snapshot \(manifest.id) "
        switch record.result {
        case .pass: return nil
        case .difference:
            return OperationError(
                .integrity,
                subject + "found differences: \(reason)",
                hint:
                    "'rewarm verify \(manifest.id)' tells whether the archive is sound; the report names each difference"
            )
        case .objectiveMissed:
            return OperationError(
                .drillObjective,
                subject + "missed an objective: \(reason)",
                hint: "the snapshot restores as it should; find out what is slow, or set the objectives anew"
            )
        case .inconclusive:
            return OperationError(.inconclusive, subject + "is inconclusive: \(reason)", hint: advice)
        }
    }

    /// What to do about an inconclusive drill.
    package internal(set) var advice: String?
    /// How far it came.
    var stage = DrillStage.preparing
}
