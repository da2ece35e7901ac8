import ArchiveFormat
import ArchiveIO
import NIOCore

/// The body of one value, piece by piece.
enum ValueSource: Sendable {
    /// It lies in several blocks.
    case chain(ChunkStream)
    /// The same without its first bytes, and with others in their place.
    case reframed(ChunkStream, skipping: Int, start: ByteBuffer, byteCount: UInt64)
    /// It lies in one block; nil when it was given out.
    case whole(ByteBuffer?, byteCount: UInt64)

    init(whole body: ByteBuffer) {
        self = .whole(body, byteCount: UInt64(body.readableBytes))
    }

    var byteCount: UInt64 {
        switch self {
        case .chain(let chunks): chunks.chain.totalByteCount
        case .reframed(_, _, _, let byteCount): byteCount
        case .whole(_, let byteCount): byteCount
        }
    }

    /// The same with `start` in the place of its first bytes.
    func replacing(first byteCount: Int, with start: ByteBuffer) -> Self {
        guard case .chain(let chunks) = self else { return self }
        let total = chunks.chain.totalByteCount - UInt64(byteCount) + UInt64(start.readableBytes)
        return .reframed(chunks, skipping: byteCount, start: start, byteCount: total)
    }

    /// The next piece; nil after the last.
    ///
    /// Throws if it is damaged or cannot be read.
    mutating func next() async throws -> ByteBuffer? {
        switch self {
        case .chain(var chunks):
            defer { self = .chain(chunks) }
            return try await chunks.next()
        case .reframed(var chunks, let skipped, var start, let byteCount):
            guard var chunk = try await chunks.next() else { return nil }
            let count = min(skipped, chunk.readableBytes)
            chunk.moveReaderIndex(forwardBy: count)
            start.writeBuffer(&chunk)
            self = .reframed(chunks, skipping: skipped - count, start: ByteBuffer(), byteCount: byteCount)
            return start
        case .whole(let body, let byteCount):
            self = .whole(nil, byteCount: byteCount)
            return body
        }
    }

    /// What is wrong with the value's chunks, nil if nothing: reads them all.
    func damage() async -> (any Error)? {
        var source = self
        do {
            while try await source.next() != nil {}
            return nil
        } catch {
            return error
        }
    }
}
