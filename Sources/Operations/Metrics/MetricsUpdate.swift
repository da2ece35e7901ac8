import Catalog
package import Policy

/// Writes the file of metrics after a run of a policy.
///
/// A file that cannot be written, or figures that cannot be read, are a warning: metrics never spoil a good backup.
package struct MetricsUpdate: Sendable {
    private let textfile: String?
    private let scope: PolicyScope

    /// `sourceName` is that of the run, where an option named another than the policy.
    package init(_ policy: PolicyFile, sourceName: String? = nil) {
        textfile = policy.metrics.textfile
        scope = PolicyScope(policy: policy.name, sourceName: sourceName ?? policy.sourceName)
    }

    /// Does nothing if the policy names no file; tells whether the file was written.
    @discardableResult
    package func run(_ context: OperationContext, _ attempt: RunAttempt) async -> Bool {
        guard let textfile else { return false }
        // A task of its own: a run that was cancelled is one that monitoring must hear of.
        return await Task { await write(textfile, context, attempt) }.value
    }

    private func write(_ textfile: String, _ context: OperationContext, _ attempt: RunAttempt) async -> Bool {
        let file = MetricsFile(path: textfile)
        let figures = await figures(context)
        let text = PolicyMetricsText(
            labels: MetricLabels(policy: scope.policy, sourceName: scope.sourceName ?? ""),
            attempt: attempt,
            figures: figures,
            earlier: figures == nil ? file.text() : nil
        )
        do {
            try file.replace(text.text)
            return true
        } catch {
            context.warn("the metrics could not be written: \(error); is the directory there, and may we write to it?")
            return false
        }
    }

    /// nil, with a warning, if the repository cannot be read.
    private func figures(_ context: OperationContext) async -> RepositoryFigures? {
        do {
            let repository = try await context.openRepositoryForReading()
            return try await RepositoryFigures.read(repository, scope)
        } catch {
            context.warn("metrics keep the last known figures of the repository: \(error.message)")
            return nil
        }
    }
}
