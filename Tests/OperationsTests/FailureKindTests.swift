import ArchiveFormat
import ArchiveIO
import Capture
import Catalog
import ObjectStorage
import RDB
import Testing
import Transport

@testable import Operations

/// What each error of the layers below means to the caller: the exit codes follow it.
struct FailureKindTests {
    private static let cases: [(any Error, FailureKind)] = [
        (RepositoryError(.absent, ""), .repositoryAbsent),
        (RepositoryError(.catalogUnusable, ""), .repositoryAbsent),
        (RepositoryError(.locked, ""), .locked),
        (RepositoryError(.permissionDenied, ""), .failure),
        (RepositoryError(.readOnly, ""), .failure),
        (RepositoryError(.corrupted, ""), .integrity),
        (RepositoryError(.ambiguous, ""), .usage),
        (RepositoryError(.snapshotNotFound, ""), .failure),
        (RepositoryError(.conflict, ""), .failure),
        (RepositoryError(.unsupportedFormat, ""), .failure),
        (RepositoryError(.storage, ""), .failure),
        (RepositoryError(ObjectStoreError(.cancelled, "")), .cancelled),
        (RepositoryError(ObjectStoreError(.noSpace, "")), .failure),
        (ObjectStoreError(.permissionDenied, ""), .failure),
        (ObjectStoreError(.readOnly, ""), .failure),
        (ObjectStoreError(.locked, ""), .locked),
        (ObjectStoreError(.corrupted, ""), .integrity),
        (ObjectStoreError(.noSpace, ""), .failure),
        (TransportError(.invalidAddress, ""), .usage),
        (TransportError(.tls(.configuration), ""), .failure),
        (TransportError(.tls(.untrusted), ""), .unreachable),
        (TransportError(.tls(.clientCertificateRefused), ""), .denied),
        (TransportError(.refused, ""), .unreachable),
        (TransportError(.timedOut, ""), .unreachable),
        (TransportError(.authenticationFailed, ""), .denied),
        (TransportError(.permissionDenied, ""), .denied),
        (TransportError(.serverError(prefix: "ERR"), ""), .failure),
        (TransportError(.cancelled, ""), .cancelled),
        (CaptureError(.damaged, ""), .integrity),
        (CaptureError(.notReady, ""), .unreachable),
        (CaptureError(.unsupported, ""), .failure),
        (ArchiveError.notAnArchive, .integrity),
        (ArchiveIOError.notFinished, .integrity),
        (RDBError.payloadTooShort(byteCount: 1), .integrity),
        (CancellationError(), .cancelled),
        (OperationError(.unsafeTarget, ""), .unsafeTarget),
    ]

    @Test func `each error has its kind`() {
        for (error, kind) in Self.cases {
            #expect(OperationError(describing: error).kind == kind, "\(error)")
        }
    }

    @Test func `an error that is sorted already stays as it is`() {
        let error = OperationError(describing: OperationError(.partial, "half", hint: "again"))
        #expect(error.kind == .partial && error.message == "half" && error.hint == "again")
        #expect(error.description == "half; again")
    }
}
