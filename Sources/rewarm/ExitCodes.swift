import Operations

/// The exit codes of every command: documented, never reused.
enum ExitStatus: Int32, CaseIterable, Sendable {
    case ok = 0
    case failure = 1
    case usage = 2
    case partial = 3
    case brake = 4
    case differences = 5
    case repositoryAbsent = 10
    case locked = 11
    case denied = 12
    case integrity = 13
    case unsafeTarget = 14
    case drillObjective = 15
    case guarded = 16
    case inconclusive = 17
    case unreachable = 20
    case hungUp = 129
    case interrupted = 130
    case readerGone = 141
    case terminated = 143

    /// The only place where a failure becomes a number.
    init(_ kind: FailureKind) {
        switch kind {
        case .failure: self = .failure
        case .usage: self = .usage
        case .partial: self = .partial
        case .brake: self = .brake
        case .repositoryAbsent: self = .repositoryAbsent
        case .locked: self = .locked
        case .denied: self = .denied
        case .integrity: self = .integrity
        case .unsafeTarget: self = .unsafeTarget
        case .guarded: self = .guarded
        case .drillObjective: self = .drillObjective
        case .inconclusive: self = .inconclusive
        case .unreachable: self = .unreachable
        case .cancelled: self = .interrupted
        }
    }

    /// What `--help` says about the code.
    var meaning: String {
        switch self {
        case .ok: "done"
        case .failure: "failure"
        case .usage: "the command line or the policy is wrong"
        case .partial: "done but partial: usable, with warnings"
        case .brake: "a brake of retention refused: nothing was deleted"
        case .differences: "differences were found (diff --exit-code)"
        case .repositoryAbsent: "the repository or its catalog is not there"
        case .locked: "locked; the holder is named"
        case .denied: "wrong credentials or missing permissions on the source or target"
        case .integrity: "stored data is damaged"
        case .unsafeTarget: "unsafe target: not empty, wrong role, too small, cannot load these types"
        case .drillObjective: "a drill missed an objective: too slow, too old, deadlines off"
        case .inconclusive: "a drill is inconclusive: nothing is known about the snapshot"
        case .guarded: "a guard on freshness or size fired; the snapshot is kept"
        case .unreachable: "the source or target cannot be reached"
        case .hungUp: "ended by SIGHUP: the terminal or session is gone"
        case .interrupted: "ended by SIGINT"
        case .readerGone: "the reader of the output went away (SIGPIPE)"
        case .terminated: "ended by SIGTERM"
        }
    }

    /// The section of a command's help: its own codes, and those that every command has.
    static func help(_ own: [Self]) -> String {
        let codes = Set([.ok, .failure, .usage, .interrupted, .terminated] + own)
        let lines = codes.sorted { $0.rawValue < $1.rawValue }.map { status in
            let number = String(status.rawValue)
            return "  " + String(repeating: " ", count: 3 - number.count) + number + "  " + status.meaning
        }
        return "EXIT CODES:\n" + lines.joined(separator: "\n")
    }
}
