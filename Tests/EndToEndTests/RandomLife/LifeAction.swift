import TestSupport

/// What somebody does in the life of a repository, by the whole program.
///
/// A number picks one of the snapshots that the action can be about, whichever these are when its turn comes: a list
/// of actions can be done again, and so can a shorter one.
enum LifeAction: Hashable, Sendable {
    /// The source holds other keys from now on.
    case fill(seed: UInt64)
    /// The source holds so few keys that the policy's guard doubts a snapshot.
    case thinOut
    case snapshot(scan: Bool)
    case expire
    case restore(Int)
    case hold(Int)
    case removeHolds(Int)
    case delete(Int)
    case undelete(Int)
    case purge
    case accept(Int)
    case verify(Int)
    case drill(Int)
    case rebuild
    /// The catalog is lost, as on another machine.
    case loseCatalog
    /// A bit of the archive flips.
    case damage(Int)
    /// It flips back.
    case mend(Int)

    /// What an action is called in counts, and by what usual lives of processes are told apart.
    var name: String { "\(self)".split(separator: "(").first.map(String.init) ?? "" }

    static func random(_ random: inout SeededGenerator) -> Self {
        let pick = Int.random(in: 0..<1000, using: &random)
        switch Int.random(in: 0..<100, using: &random) {
        case ..<6: return .fill(seed: random.next())
        case ..<8: return .thinOut
        case ..<30: return .snapshot(scan: pick.isMultiple(of: 2))
        case ..<43: return .expire
        case ..<49: return .restore(pick)
        case ..<54: return .hold(pick)
        case ..<58: return .removeHolds(pick)
        case ..<63: return .delete(pick)
        case ..<67: return .undelete(pick)
        case ..<72: return .purge
        case ..<75: return .accept(pick)
        case ..<81: return .verify(pick)
        case ..<91: return .drill(pick)
        case ..<94: return .rebuild
        case ..<96: return .loseCatalog
        case ..<98: return .damage(pick)
        default: return .mend(pick)
        }
    }
}

/// An action, and when in its process's usual life that is killed, if it is.
struct LifeStep: Hashable, Sendable, CustomStringConvertible {
    var action: LifeAction
    /// 0 to 1 of the usual life.
    var killedAt: Double?

    /// One of three is killed.
    static func random(_ random: inout SeededGenerator) -> Self {
        let action = LifeAction.random(&random)
        let share = Double(Int.random(in: 0...1000, using: &random)) / 1000
        return Self(action: action, killedAt: random.chance(33) ? share : nil)
    }

    var description: String { "\(action)" + (killedAt.map { " killed at \($0)" } ?? "") }
}
