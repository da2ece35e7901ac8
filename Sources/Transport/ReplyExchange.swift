package import NIOCore

/// Raw bytes both ways, with back-pressure: for pipelines whose replies are large.
///
/// The caller sends encoded commands and splits the chunks that come back with `RESPTokenizer` on its own task, so
/// that values can be streamed and the event loop only moves bytes. Only one task may call `next`.
package final class ReplyExchange: Sendable {
    private let connection: NodeConnection
    private let queue: ChunkQueue
    private let sink: NIOLoopBound<ExchangeSink>

    fileprivate init(connection: NodeConnection, queue: ChunkQueue, sink: NIOLoopBound<ExchangeSink>) {
        self.connection = connection
        self.queue = queue
        self.sink = sink
    }

    /// Queues encoded commands for sending.
    ///
    /// The caller bounds what it sends ahead by the replies it has read.
    package func send(_ encoded: ByteBuffer) {
        connection.channel.eventLoop.execute { [handler = connection.handler] in
            handler.value.noteProgress()
            handler.value.write(encoded)
        }
    }

    /// The next bytes of replies, up to some hundred KiB; never nil or empty: the end of the connection is an error.
    package func next() async throws(TransportError) -> ByteBuffer {
        let chunk: ByteBuffer?
        do throws(TransportError) {
            chunk = try await connection.next(of: queue) { [sink] in sink.value.resume() }
        } catch {
            throw Task.isCancelled ? .cancelled(connection.address) : error
        }
        guard let chunk else { throw TransportError(.closed, "\(connection.address) closed the connection") }
        return chunk
    }

    /// Bytes that are there; nil where `next` would wait.
    func takeQueued() -> ByteBuffer? { queue.takeQueued() }

    /// The time in which the socket was not read because the caller had not taken what was there.
    package var pausedTime: Duration { queue.pausedTime }
    /// The time in which the caller waited for bytes.
    package var waitingTime: Duration { queue.consumerTime }

    /// Gives the connection back to commands.
    ///
    /// Every reply must have been read.
    package func finish() async throws(TransportError) {
        try await connection.useForCommands()
    }
}

extension NodeConnection {
    /// Takes the connection over for raw bytes.
    package func openExchange() async throws(TransportError) -> ReplyExchange {
        let queue = ChunkQueue()
        let made = channel.eventLoop.submit { [handler, eventLoop = channel.eventLoop] in
            let sink = ExchangeSink(handler: handler.value, queue: queue)
            handler.value.use(sink)
            handler.value.setAutoRead(false)
            handler.value.read()
            return NIOLoopBound(sink, eventLoop: eventLoop)
        }
        return ReplyExchange(connection: self, queue: queue, sink: try await value(of: made))
    }

    /// The next chunk of a queue that this connection fills; cancelling the task closes the connection.
    func next(
        of queue: ChunkQueue,
        resume: @escaping @Sendable () -> Void
    ) async throws(TransportError) -> ByteBuffer? {
        let outcome: Result<ByteBuffer?, TransportError> = await withTaskCancellationHandler {
            do throws(TransportError) {
                return .success(try await queue.next { channel.eventLoop.execute(resume) })
            } catch {
                return .failure(error)
            }
        } onCancel: {
            closeNow(.cancelled(address))
        }
        return try outcome.get()
    }
}
