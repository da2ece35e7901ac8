package import Catalog
package import Retention
package import SnapshotModel
package import Transport

/// Which snapshot is to be drilled, where, and what is asked of it.
package struct DrillRequest: Sendable {
    package enum Selection: Sendable {
        case query(SnapshotQuery)
        /// The newest good snapshot of a policy.
        case newest(PolicyScope)
    }

    /// Where the snapshot is restored.
    package enum Place: Sendable {
        /// A server that the drill starts and stops; its program, nil for the one on the search path that suits.
        case scratch(program: String?)
        /// A node of the operator, which must be empty, or may be emptied.
        case target(ConnectionOptions, flush: Bool)
    }

    package var selection: Selection
    package var place: Place
    /// The name of the policy that asks for it.
    package var policy: String?
    /// How many keys are compared; nil for all.
    package var sampleCount: Int?
    package var sampleSeed: UInt64
    package var objectives: DrillRecord.Objectives
    /// Where the reports go; nil for `drills` in the user's state directory.
    package var reportDirectory: String?
    /// The longest time without a byte while a scratch server owes an answer.
    package var replyTimeout: Duration
    /// In which the page shows its times.
    package var timeZone = CivilZone.utc
    /// How much memory this host has left, in bytes; nil where nothing tells.
    package var availableMemory: @Sendable () -> UInt64?

    /// How far a deadline may be off unless somebody says otherwise.
    package static let standardToleranceMilliseconds: Int64 = 5

    /// A server that has the host's memory swapped out from under it may be silent for long, and still come back.
    package static let standardReplyTimeout = Duration.seconds(120)

    package init(_ selection: Selection, in place: Place = .scratch(program: nil)) {
        self.selection = selection
        self.place = place
        sampleSeed = 0
        objectives = DrillRecord.Objectives(deadlineToleranceMilliseconds: Self.standardToleranceMilliseconds)
        replyTimeout = Self.standardReplyTimeout
        availableMemory = { HostMemory.availableByteCount() }
    }

    /// What makes the request senseless, as a sentence for a usage error; nil if nothing does.
    var contradiction: String? {
        if let sampleCount, sampleCount < 1 { return "a sample has at least one key" }
        if case .target(let connection, _) = place, let database = connection.url.database {
            return "the target's URL names database \(database), but a drill needs all of them"
        }
        return nil
    }

    var toleranceMilliseconds: Int64 {
        objectives.deadlineToleranceMilliseconds ?? Self.standardToleranceMilliseconds
    }
}
