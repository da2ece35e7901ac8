/// A mistake in a retention policy: where it stands, what stands there and what would be right.
package struct RetentionProblem: Error, Hashable, Sendable {
    /// The key as a path from the root of the policy file: `retention.daily.within`.
    package var keyPath: String
    /// The offending value as text; empty where a key is missing.
    package var value: String
    /// What is wrong, as the predicate of a sentence.
    package var problem: String
    /// What would be right.
    package var hint: String

    /// `keyPath` is taken below `retention`; empty for the whole of it.
    package init(_ keyPath: String, value: String, _ problem: String, hint: String) {
        self.keyPath = keyPath.isEmpty ? "retention" : "retention." + keyPath
        (self.value, self.problem, self.hint) = (value, problem, hint)
    }
}

extension RetentionProblem: CustomStringConvertible {
    package var description: String {
        keyPath + (value.isEmpty ? "" : " '\(value)'") + " " + problem + "; " + hint
    }
}

/// A policy that cannot be planned with, because of all these problems.
package struct InvalidRetentionPolicy: Error, Hashable, Sendable, CustomStringConvertible {
    package var problems: [RetentionProblem]

    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
