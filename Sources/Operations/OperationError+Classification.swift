import ArchiveFormat
import ArchiveIO
import Capture
import Catalog
import ObjectStorage
import Policy
import RDB
import Restore
import Transport

// What the layers below throw, sorted by what the caller can do about it. The message stays what the layer said.

extension OperationError {
    /// Any error of an operation; one that is already sorted stays as it is.
    package init(describing error: any Error) {
        switch error {
        case let error as OperationError: self = error
        case let error as RepositoryError: self.init(Self.kind(of: error), error.message, cause: error)
        case let error as ObjectStoreError: self.init(Self.kind(of: error.code), error.message, cause: error)
        case let error as TransportError: self.init(Self.kind(of: error.category), error.message, cause: error)
        case let error as CaptureError: self.init(Self.kind(of: error.code), error.message, cause: error)
        case let error as ArchiveError: self.init(.integrity, error.description, cause: error)
        case let error as ArchiveIOError: self.init(.integrity, error.description, cause: error)
        case let error as RDBError: self.init(.integrity, error.description, cause: error)
        case let error as InvalidPolicy: self.init(policy: error)
        case let error as UnreadablePolicy:
            self.init(error.isDenied ? .failure : .usage, error.description, cause: error)
        case is CancellationError: self.init(.cancelled, "cancelled", cause: error)
        default: self.init(.failure, String(describing: error), cause: error)
        }
    }

    private init(policy error: InvalidPolicy) {
        let hint = "mend the policy; 'rewarm policy check \(error.fileName)' tells whether it is good"
        self.init(.usage, "the policy cannot be used:\n" + error.description, hint: hint, cause: error)
    }

    private static func kind(of error: RepositoryError) -> FailureKind {
        switch error.code {
        case .absent, .catalogUnusable: .repositoryAbsent
        case .locked: .locked
        case .corrupted: .integrity
        case .ambiguous: .usage
        case .storage: (error.cause as? ObjectStoreError).map { kind(of: $0.code) } ?? .failure
        case .permissionDenied, .readOnly, .unsupportedFormat, .snapshotNotFound, .conflict: .failure
        }
    }

    private static func kind(of code: ObjectStoreError.Code) -> FailureKind {
        switch code {
        case .locked: .locked
        case .corrupted: .integrity
        case .cancelled: .cancelled
        case .notFound, .alreadyExists, .permissionDenied, .readOnly, .noSpace, .unsupported, .unavailable: .failure
        }
    }

    private static func kind(of category: TransportError.Category) -> FailureKind {
        switch category {
        case .usage: .usage
        case .credentials: .denied
        case .unreachable: .unreachable
        case .refusedByServer, .unusableFile: .failure
        case .cancelled: .cancelled
        }
    }

    private static func kind(of code: CaptureError.Code) -> FailureKind {
        switch code {
        case .damaged: .integrity
        case .notReady: .unreachable
        case .denied: .denied
        case .unsupported, .protocolViolation, .unstable, .unreadable: .failure
        }
    }
}
