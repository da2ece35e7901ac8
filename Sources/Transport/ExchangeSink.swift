import NIOCore

/// Passes bytes on in chunks, reading by hand so that the consumer sets the pace.
final class ExchangeSink: ReplySink {
    private weak let handler: ConnectionHandler?
    private let queue: ChunkQueue

    init(handler: ConnectionHandler, queue: ChunkQueue) {
        self.handler = handler
        self.queue = queue
    }

    var isAwaitingBytes: Bool { queue.hasWaiter }

    func receive(_ bytes: ByteBuffer) {
        queue.push(bytes)
    }

    func readCompleted() {
        resume()
    }

    /// Reads on if the queue has room.
    func resume() {
        if queue.wantsMore() { handler?.read() }
    }

    func fail(_ error: TransportError) {
        queue.fail(error)
    }
}
