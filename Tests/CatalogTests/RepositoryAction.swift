import SnapshotModel
import StorageSimulation
import TestSupport

/// What a user may do to a repository.
///
/// Snapshots go by the number of the action that wrote them: a list of actions from which some are left out means the
/// same, and one about a snapshot that is not there is passed over.
enum RepositoryAction: Hashable {
    case write(Int, isSuspicious: Bool)
    case expire
    case hold(Int, hours: Int64?)
    case removeHolds(Int)
    case delete(Int)
    case undelete(Int)
    case accept(Int)
    case verify(Int, problem: String?)
    case drill(Int, DrillRecord.Result)
    case purge
    case rebuild
    case moveClock(hours: Int64)

    /// The snapshot that it is about.
    var subject: Int? {
        switch self {
        case .hold(let number, _), .removeHolds(let number), .delete(let number), .undelete(let number),
            .accept(let number), .verify(let number, _), .drill(let number, _):
            number
        case .write, .expire, .purge, .rebuild, .moveClock: nil
        }
    }

    /// What it is called in counts.
    var name: String { "\(self)".split(separator: "(").first.map(String.init) ?? "" }
}

/// An action, and what ends it before its end, if anything does.
struct RepositoryStep: Hashable, CustomStringConvertible {
    enum Ending: Hashable {
        case undisturbed
        /// The process dies at its n-th call; there may be fewer.
        case death(call: Int)
        /// The power fails when such a share of its changes was made, 0 to 1; what then becomes of what is not
        /// synchronised follows from the seed.
        case powerLoss(share: Double, SimulatedFileSystem.Survival, seed: UInt64)
    }

    var action: RepositoryAction
    var ending: Ending

    var description: String { ending == .undisturbed ? "\(action)" : "\(action), \(ending)" }
}
