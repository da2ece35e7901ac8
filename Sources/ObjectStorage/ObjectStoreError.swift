/// A failure of the storage below a repository, or of a lock beside it.
package struct ObjectStoreError: Error, Sendable {
    package enum Code: String, Sendable {
        case notFound
        case alreadyExists
        case permissionDenied
        case readOnly
        case noSpace
        case corrupted
        /// A lock is held by somebody else.
        case locked
        /// The file system lacks something that Rewarm needs (flock, or renaming without replacing).
        case unsupported
        case cancelled
        /// Any other failure of the device or the system.
        case unavailable
    }

    package var code: Code
    /// What failed, on which object, and what to do.
    package var message: String
    package var cause: (any Error)?
    /// For `.locked`: who holds the lock, as far as it is known.
    package var holders: [LockHolder]

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil, holders: [LockHolder] = []) {
        self.code = code
        self.message = message
        self.cause = cause
        self.holders = holders
    }
}

extension ObjectStoreError: CustomStringConvertible {
    package var description: String { message }
}

extension ObjectStoreError {
    /// The error of a failed system call while doing `action` ("write 'snapshots/…/part-0.rewarm'").
    package init(_ error: SystemCallError, _ action: String) {
        let code: Code
        let advice: String
        switch error.condition {
        case .notFound: (code, advice) = (.notFound, "")
        case .exists: (code, advice) = (.alreadyExists, "")
        case .permissionDenied: (code, advice) = (.permissionDenied, "; check owner and mode of the path")
        case .readOnlyFileSystem: (code, advice) = (.readOnly, "; mount it writable")
        case .noSpace: (code, advice) = (.noSpace, "; free space (rewarm purge) or choose another repository")
        case .unsupported: (code, advice) = (.unsupported, "; this file system lacks it, choose another one")
        case .interrupted, .wouldBlock, .notEmpty, .other: (code, advice) = (.unavailable, "")
        }
        self.init(code, "cannot \(action): \(error)\(advice)", cause: error)
    }
}
