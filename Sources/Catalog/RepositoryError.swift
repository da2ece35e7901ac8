package import ObjectStorage

/// A failure of a repository as a whole.
package struct RepositoryError: Error, Sendable {
    package enum Code: String, Sendable {
        /// No repository there: no directory, or one without the marker file.
        case absent
        /// The marker or a manifest names a format that this program does not know.
        case unsupportedFormat
        /// The catalog is missing, damaged, out of step or of another schema; `rewarm catalog rebuild` mends it.
        case catalogUnusable
        case locked
        case permissionDenied
        /// Something was to be written to a repository that is open for reading only.
        case readOnly
        /// An object of the repository is damaged or missing.
        case corrupted
        case snapshotNotFound
        /// More than one snapshot, or sources, fit the question.
        case ambiguous
        /// The snapshot's state forbids it: it is purged, not deleted, held…
        case conflict
        case storage
    }

    package var code: Code
    /// What failed, on which object, and what to do.
    package var message: String
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// A failure of the storage, with what was being done.
    package init(_ error: ObjectStoreError) {
        let code: Code =
            switch error.code {
            case .locked: .locked
            case .permissionDenied: .permissionDenied
            case .readOnly: .readOnly
            case .corrupted: .corrupted
            case .notFound, .alreadyExists, .noSpace, .unsupported, .cancelled, .unavailable: .storage
            }
        self.init(code, error.message, cause: error)
    }

    /// Who holds the lock, for `.locked`.
    package var holders: [LockHolder] { (cause as? ObjectStoreError)?.holders ?? [] }

    static func catalogUnusable(_ path: String, _ reason: String, cause: (any Error)? = nil) -> Self {
        Self(.catalogUnusable, "the catalog '\(path)' \(reason); run 'rewarm catalog rebuild'", cause: cause)
    }
}

extension RepositoryError: CustomStringConvertible {
    package var description: String { message }
}

/// Runs storage calls whose errors become the repository's.
func translating<Result>(
    _ body: () async throws(ObjectStoreError) -> Result
) async throws(RepositoryError) -> Result {
    do {
        return try await body()
    } catch {
        throw RepositoryError(error)
    }
}
