import NIOCore
import NIOPosix

@testable import Transport

extension HotLoop {
    private static let pieceByteCount = 64 << 10
    /// What the transfer may keep back of the bytes that have come: less than a chunk, and what may begin the marker.
    private static let keptByteCount = ReplicaTransfer.chunkByteCount + 40

    /// The payload of a replication: from the socket's buffers by chunks to the reader, who gives each chunk back.
    ///
    /// An item is 16 KiB: of memory that is not used again each would cost twice as much.
    static func receiveTransfer(_ itemCount: Int) -> Run {
        let piece = ByteBuffer(repeating: 0x76, count: pieceByteCount)
        let pieceCount = itemCount * (16 << 10) / pieceByteCount
        return {
            let queue = ChunkQueue()
            let handler = ConnectionHandler(
                address: "test",
                usesTLS: false,
                replyTimeout: .seconds(1),
                ready: MultiThreadedEventLoopGroup.singleton.any().makePromise()
            )
            let eventLoop = MultiThreadedEventLoopGroup.singleton.any()
            let sink = ReplicaSink(handler: handler, queue: queue, acknowledges: false, eventLoop: eventLoop)
            let id = String(repeating: "a", count: 40)
            try sink.receive(ByteBuffer(string: "+FULLRESYNC \(id) 1\r\n$\(pieceCount * pieceByteCount)\r\n"))
            var receivedByteCount = 0
            var readByteCount = 0
            for _ in 0..<pieceCount {
                try sink.receive(piece)
                receivedByteCount += pieceByteCount
                while receivedByteCount - readByteCount >= keptByteCount {
                    guard let chunk = try await queue.next(resume: {}) else { break }
                    readByteCount += chunk.readableBytes
                    queue.recycle(consume chunk)
                }
            }
            while let chunk = try await queue.next(resume: {}) { readByteCount += chunk.readableBytes }
            try expect(readByteCount, of: pieceCount * pieceByteCount, "the transfer")
        }
    }
}
