/// What a drill came to: a restore of a snapshot into a scratch node, compared with the archive and measured.
///
/// It stands in a fact beside the manifest. Fields are only ever added, and what is added is optional.
package struct DrillRecord: Codable, Hashable, Sendable {
    package enum Result: String, Codable, Hashable, Sendable, CaseIterable {
        /// Nothing differed, and every objective was reached.
        case pass
        /// What was restored is not what the archive holds.
        case difference
        /// Nothing differed, but recovery took too long, the data was too old or a deadline was off too far.
        case objectiveMissed
        /// There was no node to restore into, or it died: nothing is known about the snapshot.
        case inconclusive
    }

    /// Where the key that the snapshot wrote to its source was found again.
    package enum Sentinel: String, Codable, Hashable, Sendable, CaseIterable {
        case archiveAndNode
        case archiveOnly
        case nowhere
    }

    /// What the policy asked for; nil where it asked for nothing.
    package struct Objectives: Codable, Hashable, Sendable {
        /// The longest that recovery may take.
        package var maximumRecoveryMilliseconds: Int64?
        /// The oldest that the data may be.
        package var maximumDataAgeMilliseconds: Int64?
        /// How far a restored deadline may be off.
        package var deadlineToleranceMilliseconds: Int64?

        package init(
            maximumRecoveryMilliseconds: Int64? = nil,
            maximumDataAgeMilliseconds: Int64? = nil,
            deadlineToleranceMilliseconds: Int64? = nil
        ) {
            self.maximumRecoveryMilliseconds = maximumRecoveryMilliseconds
            self.maximumDataAgeMilliseconds = maximumDataAgeMilliseconds
            self.deadlineToleranceMilliseconds = deadlineToleranceMilliseconds
        }
    }

    package var result: Result
    /// One sentence where it is not a pass: without secrets, key names and values.
    package var reason: String?
    /// The node that was restored into; its version is nil if none ran.
    package var engine: Engine
    package var serverVersion: String?
    /// By this host's clock.
    package var startedAt: UnixMilliseconds
    package var endedAt: UnixMilliseconds
    /// Milliseconds of each phase; reading, decoding and loading overlap, so that the sum says nothing.
    package var phases: [DrillPhase: Int64]
    /// From the command to a node that answers for every key (recovery time, RTO); nil if it never did.
    package var rtoMilliseconds: Int64?
    /// To a node that answers for 80 % of the recent accesses; nil where the snapshot has no access data.
    package var hotRTOMilliseconds: Int64?
    /// The age of the data when the drill began (RPO).
    package var rpoMilliseconds: Int64
    package var restoredKeyCount: UInt64
    package var comparedKeyCount: UInt64
    /// What the sample was drawn with; nil if every key was compared.
    package var sampleSeed: UInt64?
    /// How many of each kind; a kind that is absent was not found.
    package var differences: [DrillDifferenceKind: UInt64]
    /// How far restored deadlines were off; nil if no key had one.
    package var largestDeadlineErrorMilliseconds: Int64?
    package var p99DeadlineErrorMilliseconds: Int64?
    /// While loading.
    package var keysPerSecond: Double?
    package var bytesPerSecond: Double?
    /// nil if the snapshot has no sentinel.
    package var sentinel: Sentinel?
    package var objectives: Objectives?
    /// SHA-256 of the JSON report, 64 lower-case hexadecimal digits.
    package var reportDigest: String?

    /// A record without figures; they are set one by one as a drill gets to know them.
    package init(
        _ result: Result,
        reason: String? = nil,
        engine: Engine,
        serverVersion: String? = nil,
        startedAt: UnixMilliseconds,
        endedAt: UnixMilliseconds,
        rpoMilliseconds: Int64
    ) {
        self.result = result
        self.reason = reason
        self.engine = engine
        self.serverVersion = serverVersion
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.rpoMilliseconds = rpoMilliseconds
        phases = [:]
        restoredKeyCount = 0
        comparedKeyCount = 0
        differences = [:]
    }

    package var isPassed: Bool { result == .pass }
    package var differenceCount: UInt64 { differences.values.reduce(0, +) }
}

/// A phase of a drill, by the name that JSON gives it.
///
/// An open set: a record of a newer program may name others.
package struct DrillPhase: RawRepresentable, Hashable, Codable, CodingKeyRepresentable, Sendable {
    package var rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// From the command to the snapshot that is drilled.
    package static let locate = Self(rawValue: "locate")
    /// Until the scratch node answers.
    package static let start = Self(rawValue: "start")
    /// Waiting for bytes of the archive.
    package static let read = Self(rawValue: "read")
    /// Checking and decoding blocks.
    package static let decode = Self(rawValue: "decode")
    /// From the first command to the last answer.
    package static let load = Self(rawValue: "load")
    package static let compare = Self(rawValue: "compare")

    /// In the order of a drill.
    package static let known: [Self] = [.locate, .start, .read, .decode, .load, .compare]
}

/// In what a restored node differs from the archive, by the name that JSON gives it.
///
/// An open set, as phases are.
package struct DrillDifferenceKind: RawRepresentable, Hashable, Codable, CodingKeyRepresentable, Sendable {
    package var rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package static let missing = Self(rawValue: "missing")
    package static let extra = Self(rawValue: "extra")
    package static let type = Self(rawValue: "type")
    package static let value = Self(rawValue: "value")
    /// The client flags of an item of Memcached.
    package static let flags = Self(rawValue: "flags")
    package static let deadline = Self(rawValue: "deadline")
    /// The deadline of a field of a hash.
    package static let fieldDeadline = Self(rawValue: "fieldDeadline")
    /// A consumer group, a consumer or a pending entry of a stream.
    package static let group = Self(rawValue: "group")
    package static let access = Self(rawValue: "access")
    package static let function = Self(rawValue: "function")

    /// The worst first.
    package static let known: [Self] = [
        .missing, .value, .type, .flags, .deadline, .fieldDeadline, .group, .function, .extra, .access,
    ]
}
