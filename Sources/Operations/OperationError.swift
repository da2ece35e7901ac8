/// What went wrong in terms of what the caller can do about it.
///
/// The command line gives each kind its exit code; nothing else decides on one.
package enum FailureKind: String, Hashable, Sendable, CaseIterable {
    /// Anything that has no kind of its own.
    case failure
    /// The request makes no sense as it was put.
    case usage
    /// The work is done and usable, but not all of it.
    case partial
    /// A brake of retention: nothing was deleted.
    case brake
    /// The repository, or the catalog, is not there.
    case repositoryAbsent
    /// Somebody else holds a lock.
    case locked
    /// A node takes not these credentials, or withholds a permission; what the file system denies is `failure`.
    case denied
    /// Stored data is damaged, or contradicts itself.
    case integrity
    /// Writing to this target would be unsafe.
    case unsafeTarget
    /// A guard doubts the snapshot, or monitoring finds it too old or too small.
    case guarded
    /// A drill restored everything, but too slowly, from data that is too old, or with deadlines that are off.
    case drillObjective
    /// A drill could not be carried through: nothing is known about the snapshot.
    case inconclusive
    /// The source or the target cannot be reached.
    case unreachable
    /// The operation was cancelled from outside.
    case cancelled
}

/// An error of an operation: what failed, on which object, and what to do next.
package struct OperationError: Error, Sendable {
    package var kind: FailureKind
    /// What failed and on which object: lower-case, without a full stop, without secrets, key names and values.
    package var message: String
    /// What to do next, if anything can be.
    package var hint: String?
    /// What it came from.
    package var cause: (any Error)?

    package init(_ kind: FailureKind, _ message: String, hint: String? = nil, cause: (any Error)? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
        self.cause = cause
    }
}

extension OperationError: CustomStringConvertible {
    package var description: String {
        hint.map { message + "; " + $0 } ?? message
    }
}
