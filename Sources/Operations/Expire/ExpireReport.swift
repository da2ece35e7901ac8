import Retention

/// What a run of expire came to.
package struct ExpireReport: Sendable {
    package let decision: ExpireDecision
    /// Whether the deletions are facts; false for a mere plan, and if a brake held.
    package let isApplied: Bool
    /// What was freed afterwards; nil if nothing was applied, or the space must wait.
    package internal(set) var purge: PurgeOutcome?
    /// Why space could not be freed although nobody was in the way.
    package internal(set) var purgeFailure: OperationError?

    init(_ decision: ExpireDecision, isApplied: Bool) {
        self.decision = decision
        self.isApplied = isApplied
    }

    /// The brakes that held, as an error with the ways past them; nil if none did.
    package var brake: OperationError? {
        let brakes = decision.plan.brakes
        guard !brakes.isEmpty else { return nil }
        return OperationError(
            .brake,
            "nothing was deleted: " + brakes.map(\.sentence).joined(separator: "; "),
            hint: brakes.map(\.wayPast).reduce(into: []) { ways, way in
                if !ways.contains(way) { ways.append(way) }
            }.joined(separator: "; ")
        )
    }

    /// Why the run is not what was asked for; nil if it is.
    package var failure: OperationError? {
        if let brake { return brake }
        return purgeFailure.map { error in
            OperationError(
                .partial,
                "expired, but no space was freed: \(error.message)",
                hint: error.hint,
                cause: error
            )
        }
    }
}
