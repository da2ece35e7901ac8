package import SnapshotModel

/// 128 bits of a hash; sums of them do not depend on the order.
package struct Digest128: Hashable, Sendable {
    package var first: UInt64
    package var second: UInt64

    package init(first: UInt64 = 0, second: UInt64 = 0) {
        self.first = first
        self.second = second
    }

    static func + (left: Self, right: Self) -> Self {
        Self(first: left.first &+ right.first, second: left.second &+ right.second)
    }
}

/// What two values are compared by: equal for equal values, however a server keeps them.
///
/// The order of sets, hashes and sorted sets makes no difference, the order of lists and streams does. Only comparable
/// with fingerprints of the same scope, and so of the same run of the program.
package struct ValueFingerprint: Hashable, Sendable {
    package enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        case string
        case list
        case set
        case sortedSet
        case hash
        case stream
        /// A module's value, or one of a type that cannot be decoded: then the content is that of the payload's bytes.
        case opaque
    }

    package var kind: Kind
    /// Of everything but what the other fields tell.
    package var content: Digest128
    /// Nil where no field has a deadline.
    package var fieldDeadlines: FieldDeadlineFingerprint?
    /// Of a stream's counters that only Redis 7.0 and newer keep: entries added, largest deleted id, first id, entries
    /// read by each group.
    package var streamCounters: UInt64?

    package init(
        kind: Kind,
        content: Digest128,
        fieldDeadlines: FieldDeadlineFingerprint? = nil,
        streamCounters: UInt64? = nil
    ) {
        self.kind = kind
        self.content = content
        self.fieldDeadlines = fieldDeadlines
        self.streamCounters = streamCounters
    }
}

/// The deadlines of a hash's fields, such that a shift of all by the same time can be told from any other change.
///
/// Each field has a weight, a hash of its name. If all deadlines of the same fields are later by `d`, the weighted sum is
/// greater by `d` times the sum of the weights; any other change fits that with a probability of 2^-64.
package struct FieldDeadlineFingerprint: Hashable, Sendable {
    package var earliest: UnixMilliseconds
    package var weight: UInt64
    package var weightedSum: UInt64

    package init(earliest: UnixMilliseconds, weight: UInt64, weightedSum: UInt64) {
        self.earliest = earliest
        self.weight = weight
        self.weightedSum = weightedSum
    }

    /// Milliseconds by which every deadline is later in `other`; nil if other fields have deadlines there, or not all
    /// are shifted by the same.
    package func shift(to other: Self) -> Int64? {
        guard weight == other.weight else { return nil }
        let shift = other.earliest.rawValue &- earliest.rawValue
        return weightedSum &+ UInt64(bitPattern: shift) &* weight == other.weightedSum ? shift : nil
    }

    mutating func add(_ deadline: UnixMilliseconds, weight: UInt64) {
        earliest = min(earliest, deadline)
        self.weight &+= weight
        weightedSum &+= UInt64(bitPattern: deadline.rawValue) &* weight
    }
}

extension ValueFingerprint {
    /// How a value stands to another one of the same key.
    package enum Relation: Hashable, Sendable {
        case same
        case differs
        /// Equal but for the deadlines of its fields, which are all later by so many milliseconds there; never 0.
        case fieldsShifted(milliseconds: Int64)
        /// Equal but for the deadlines of its fields.
        case fieldDeadlinesDiffer
        /// Both have the same type, which cannot be decoded, and other bytes: that may mean nothing.
        case undecided
    }

    package func relation(to other: Self) -> Relation {
        guard kind == other.kind else { return .differs }
        guard content == other.content else { return kind == .opaque ? .undecided : .differs }
        if let streamCounters, let others = other.streamCounters, streamCounters != others { return .differs }
        switch (fieldDeadlines, other.fieldDeadlines) {
        case (nil, nil): return .same
        case (let own?, let others?):
            guard let shift = own.shift(to: others) else { return .fieldDeadlinesDiffer }
            return shift == 0 ? .same : .fieldsShifted(milliseconds: shift)
        default: return .fieldDeadlinesDiffer
        }
    }
}
