/// How far an operation has come; told often, so making one must be cheap.
package struct OperationProgress: Hashable, Sendable {
    /// What it is doing.
    package enum Phase: String, Hashable, Sendable, CaseIterable {
        case connecting
        /// The source prepares its stream.
        case waiting
        case capturing
        case checking
        case publishing
        case preparing
        case restoring
        case exporting
        case verifying
        /// Keys of one side of a comparison are read.
        case comparing
        case rebuilding
        case purging
    }

    package var phase: Phase
    /// What it works on: a snapshot id, a source's name; never a key.
    package var subject: String?
    package var completedByteCount: UInt64
    /// nil where nobody knows it beforehand.
    package var totalByteCount: UInt64?
    package var completedKeyCount: UInt64
    package var totalKeyCount: UInt64?

    package init(
        _ phase: Phase,
        subject: String? = nil,
        completedByteCount: UInt64 = 0,
        totalByteCount: UInt64? = nil,
        completedKeyCount: UInt64 = 0,
        totalKeyCount: UInt64? = nil
    ) {
        self.phase = phase
        self.subject = subject
        self.completedByteCount = completedByteCount
        self.totalByteCount = totalByteCount
        self.completedKeyCount = completedKeyCount
        self.totalKeyCount = totalKeyCount
    }
}

/// Something the operator should know although the operation goes on.
package struct OperationNotice: Hashable, Sendable {
    package enum Severity: String, Hashable, Sendable {
        /// Shown with `-v` and in JSON as a status.
        case detail
        /// Shown to a person unless `-q`.
        case notice
        /// Shown always, and a line of type `warning` in JSON.
        case warning
    }

    package var severity: Severity
    /// A sentence without secrets, key names and values.
    package var text: String

    package init(_ severity: Severity, _ text: String) {
        self.severity = severity
        self.text = text
    }
}
