package import ArchiveFormat
import Capture
package import SnapshotModel

/// Which file becomes a snapshot, and how.
package struct ImportRequest: Sendable {
    /// The RDB file; nil for standard input.
    package var path: String?
    /// The source's name; nil for the file's own name.
    package var sourceName: String?
    /// When the data was taken, if the user knows better than the file.
    package var takenAt: UnixMilliseconds?
    package var codec: CodecRequest
    package var tags: [String: String]

    package init(
        path: String?,
        sourceName: String? = nil,
        takenAt: UnixMilliseconds? = nil,
        codec: CodecRequest = .standard,
        tags: [String: String] = [:]
    ) {
        self.path = path
        self.sourceName = sourceName
        self.takenAt = takenAt
        self.codec = codec
        self.tags = tags
    }
}

/// Makes a snapshot of an RDB file: read once, checked, published and cataloged like one of a node.
package struct ImportOperation: Sendable {
    private let request: ImportRequest

    package init(_ request: ImportRequest) {
        self.request = request
    }

    package func run(_ context: OperationContext) async throws -> SnapshotReport {
        let fileName = request.path?.split(separator: "/").last.map { String($0) } ?? "stdin"
        let recording = SnapshotRecording(
            sourceName: request.sourceName ?? fileName,
            codec: request.codec,
            tags: request.tags,
            policy: nil,
            guards: SnapshotGuards()
        )
        return try await recording.run(context) {
        } open: {
            .init(
                session: try await FileCapture.open(
                    path: request.path,
                    takenAt: request.takenAt,
                    now: context.now(),
                    spillingTo: context.spillPlace
                )
            )
        }
    }
}
