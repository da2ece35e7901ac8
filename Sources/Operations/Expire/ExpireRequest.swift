import Catalog
package import Policy
package import Retention
package import SnapshotModel

/// By which rules snapshots expire, and what the operator goes past.
package struct ExpireRequest: Sendable {
    /// What the policy has a say in.
    let scope: PolicyScope
    let retention: RetentionPolicy
    /// The interval of the policy's schedule in milliseconds, for forecasts; nil: it is estimated.
    let scheduleInterval: Int64?
    /// The brakes that the operator goes past.
    let overrides: RetentionOverrides
    /// Plans as if it were this time; nil for now.
    let simulatedTime: UnixMilliseconds?

    package var policyName: String { scope.policy }
    /// Whether the policy asks for its plan to be carried out.
    package var isAppliedByPolicy: Bool { retention.apply }

    /// - Throws: `usage` if the policy has no retention section.
    package init(
        _ policy: PolicyFile,
        overrides: RetentionOverrides = RetentionOverrides(),
        at simulatedTime: UnixMilliseconds? = nil
    ) throws(OperationError) {
        guard let retention = policy.retention else {
            throw OperationError(
                .usage,
                "the policy '\(policy.name)' has no section 'retention', so nothing of it expires",
                hint: "write for instance retention: {daily: 7, weekly: 4}"
            )
        }
        scope = PolicyScope(policy: policy.name, sourceName: policy.sourceName)
        self.retention = retention
        scheduleInterval = policy.schedule.map { Int64($0.every.shortest / .milliseconds(1)) }
        self.overrides = overrides
        self.simulatedTime = simulatedTime
    }

    /// A planner of the policy's rules.
    func planner() throws(OperationError) -> RetentionPlanner {
        do {
            return try RetentionPlanner(retention)
        } catch {
            throw OperationError(.usage, error.description, cause: error)
        }
    }
}
