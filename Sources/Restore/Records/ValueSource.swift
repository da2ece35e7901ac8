import ArchiveFormat
import ArchiveIO
import NIOCore

/// The body of one value, piece by piece.
enum ValueSource: Sendable {
    /// It lies in several blocks.
    case chain(ChunkStream)
    /// It lies in one block; nil when it was given out.
    case whole(ByteBuffer?, byteCount: UInt64)

    init(whole body: ByteBuffer) {
        self = .whole(body, byteCount: UInt64(body.readableBytes))
    }

    var byteCount: UInt64 {
        switch self {
        case .chain(let chunks): chunks.chain.totalByteCount
        case .whole(_, let byteCount): byteCount
        }
    }

    /// The next piece; nil after the last.
    ///
    /// Throws if it is damaged or cannot be read.
    mutating func next() async throws -> ByteBuffer? {
        switch self {
        case .chain(var chunks):
            defer { self = .chain(chunks) }
            return try await chunks.next()
        case .whole(let body, let byteCount):
            self = .whole(nil, byteCount: byteCount)
            return body
        }
    }
}
