import RDB
package import SnapshotModel

/// Decides whether a key is the same on both sides; pure.
package struct ComparisonJudge: Sendable {
    /// What there is to say of a key.
    package struct Judgement: Hashable, Sendable {
        package enum Verdict: Hashable, Sendable {
            case same
            case different(ComparisonDifference)
            /// Only one side has it, and its life has ended by the moment of the comparison.
            case expired
            /// Of a type that was not asked for.
            case unwanted
        }

        package var verdict: Verdict
        /// Milliseconds by which the deadline is later on the right side; nil unless both have one.
        package var drift: Int64?
        /// Whether the values could not be compared: a type that cannot be decoded, or one too large.
        package var isUndecided = false
    }

    package var options: ComparisonOptions
    /// What has expired by then need not be there any more.
    package var moment: UnixMilliseconds

    package init(options: ComparisonOptions, moment: UnixMilliseconds) {
        self.options = options
        self.moment = moment
    }

    package func judge(_ pair: ComparisonPair) -> Judgement {
        let isWanted = [pair.left, pair.right].contains { $0.map { options.wants(typeName: $0.typeName) } ?? false }
        guard isWanted else { return Judgement(verdict: .unwanted) }
        guard let left = pair.left, let right = pair.right else { return judge(single: pair) }
        var difference = ComparisonDifference(kind: .changed, pair)
        var isUndecided = false
        if !Self.isSameType(left.typeName, right.typeName) {
            difference.aspects.append(.type)
        } else {
            switch left.value.flatMap({ own in right.value.map { own.relation(to: $0) } }) ?? .undecided {
            case .same: break
            case .differs: difference.aspects.append(.value)
            case .undecided: isUndecided = true
            case .fieldDeadlinesDiffer: difference.aspects.append(.fieldDeadlines)
            case .fieldsShifted(let milliseconds):
                difference.fieldDrift = milliseconds
                if !isTolerable(milliseconds) { difference.aspects.append(.fieldDeadlines) }
            }
        }
        if let own = left.item, let other = right.item { difference.aspects += aspects(own, other) }
        if difference.aspects.isEmpty { difference.kind = .drift }
        switch (left.expiry, right.expiry) {
        case (.never, .never): break
        case (.at(let own), .at(let other)):
            let drift = other.rawValue - own.rawValue
            difference.drift = drift
            if !isTolerable(drift) { difference.aspects.append(.deadline) }
        default: difference.aspects.append(.deadline)
        }
        return Judgement(
            verdict: difference.aspects.isEmpty ? .same : .different(difference),
            drift: difference.drift,
            isUndecided: isUndecided
        )
    }

    /// A string of Redis and an item of Memcached are the same bytes to a client.
    private static func isSameType(_ left: String, _ right: String) -> Bool {
        left == right || (left == "string" && right == "item") || (left == "item" && right == "string")
    }

    private func judge(single pair: ComparisonPair) -> Judgement {
        let hasExpired = (pair.left ?? pair.right)?.hasExpired(by: moment) ?? false
        guard !hasExpired else { return Judgement(verdict: .expired) }
        return Judgement(verdict: .different(ComparisonDifference(kind: pair.left == nil ? .extra : .missing, pair)))
    }

    /// A server gives every item that it stores a CAS of its own, unless it is told one.
    private func aspects(_ left: ItemTraits, _ right: ItemTraits) -> [ComparisonDifference.Aspect] {
        var aspects: [ComparisonDifference.Aspect] = []
        if left.clientFlags != right.clientFlags { aspects.append(.flags) }
        if options.comparesCAS, left.cas != right.cas { aspects.append(.cas) }
        return aspects
    }

    private func isTolerable(_ drift: Int64) -> Bool {
        drift.magnitude <= options.deadlineTolerance.magnitude
    }
}
