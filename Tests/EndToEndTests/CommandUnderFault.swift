import TestSupport
import Testing

/// The commands that the fault loops break.
enum CommandUnderFault: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case replicationSnapshot = "snapshot by replication"
    case scanSnapshot = "snapshot by scan"
    case fileImport = "import"
    case restore
    case verify
    case delete
    case purge
    case rebuild = "catalog rebuild"
    case drill

    var testDescription: String { rawValue }

    var verb: String {
        switch self {
        case .replicationSnapshot, .scanSnapshot: "snapshot"
        default: rawValue
        }
    }

    /// Whether the command adds a snapshot.
    var takesSnapshot: Bool { [.replicationSnapshot, .scanSnapshot, .fileImport].contains(self) }
}
