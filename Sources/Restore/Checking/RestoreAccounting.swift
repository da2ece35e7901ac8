package import RDB

/// Where every record of the snapshot went: each counts in exactly one class, and the classes sum up to `captured`.
package struct RestoreAccounting: Codable, Hashable, Sendable {
    /// What can become of a record.
    package enum Class: String, Codable, Hashable, Sendable, CaseIterable, CodingKeyRepresentable {
        /// The target said that it stored the key.
        case restored
        /// An earlier, interrupted run of the same restore had stored it, or this one over a connection that was lost.
        case restoredEarlier
        /// Its deadline had passed by the target's clock.
        case expired
        /// The user's filters left it out.
        case filtered
        /// The target had a key of that name, which stays.
        case existing
        /// A later record of the same key took its place.
        case duplicate
        /// The target cannot hold such a value.
        case unsupported
        /// It was in a damaged block.
        case lostBlock
        /// The target stored it and evicted it, or another key for it, during the restore.
        case evicted
        /// It was not stored for another reason.
        case failed
    }

    /// Key records of the archives, superseded ones included.
    package var captured: UInt64
    package private(set) var counts: [Class: UInt64]
    /// Why, for the classes that have more than one reason; the counts of a class sum up to the class.
    package private(set) var reasons: [Class: [String: UInt64]]

    /// What restored values lack because the target has no words for it, with the number of values: "streamCounters:stream".
    ///
    /// Counted when the value is sent; the value itself is in its class.
    package private(set) var omissions: [String: UInt64]

    package init(captured: UInt64 = 0) {
        self.captured = captured
        counts = [:]
        reasons = [:]
        omissions = [:]
    }

    package subscript(_ class: Class) -> UInt64 { counts[`class`] ?? 0 }

    package mutating func add(_ count: UInt64 = 1, to class: Class, because reason: RestoreReason? = nil) {
        guard count > 0 else { return }
        counts[`class`, default: 0] += count
        if let reason { reasons[`class`, default: [:]][reason.text, default: 0] += count }
    }

    /// Notes what a value that is sent lacks; a value may lack several things.
    package mutating func note(_ losses: PayloadLosses, typeName: String) {
        guard !losses.isEmpty else { return }
        for (loss, name) in PayloadLosses.names where losses.contains(loss) {
            omissions[name + ":" + typeName, default: 0] += 1
        }
    }

    /// Notes by name what a value that is sent lacks.
    mutating func noteOmission(_ name: String, count: UInt64 = 1) {
        omissions[name, default: 0] += count
    }

    /// Adds another accounting's counts; `captured` stays.
    package mutating func add(_ other: Self) {
        counts.merge(other.counts, uniquingKeysWith: +)
        reasons.merge(other.reasons) { $0.merging($1, uniquingKeysWith: +) }
        omissions.merge(other.omissions, uniquingKeysWith: +)
    }

    /// Restored keys that turned out to be evicted, those of this run first.
    ///
    /// More evictions than restored keys hit keys of others.
    package mutating func moveRestoredToEvicted(_ count: UInt64) {
        var rest = count
        for source in [Class.restored, .restoredEarlier] {
            let moved = min(rest, self[source])
            move(moved, from: source, to: .evicted)
            rest -= moved
        }
    }

    /// What a run restored was restored earlier for the run that continues it.
    package mutating func moveRestoredToEarlier() {
        move(self[.restored], from: .restored, to: .restoredEarlier)
    }

    private mutating func move(_ count: UInt64, from source: Class, to destination: Class) {
        guard count > 0 else { return }
        counts[source] = self[source] == count ? nil : self[source] - count
        counts[destination, default: 0] += count
    }

    /// Records that were sent and are not there, because the target kept nothing of what it was sent.
    mutating func moveRestoredToFailed() {
        let moved = self[.restored]
        counts[.restored] = nil
        add(moved, to: .failed, because: .notLoaded)
    }

    /// All classes together.
    package var sum: UInt64 { counts.values.reduce(0, +) }

    /// `captured = restored + … + failed`.
    ///
    /// Anything else is a fault of this program and a failure of the run.
    package var isBalanced: Bool { sum == captured }

    /// Whether every record that was asked for and still alive is in the target.
    package var isComplete: Bool {
        isBalanced && [.unsupported, .lostBlock, .evicted, .failed].allSatisfy { self[$0] == 0 }
    }
}
