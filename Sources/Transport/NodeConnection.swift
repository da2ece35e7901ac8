package import NIOCore
package import RESP

/// A connection to a Redis or Valkey node that is set up: authenticated, the database selected, the dataset loaded.
///
/// Commands may be sent from several tasks; replies find their senders. Opening a pipe, an exchange or a replica
/// stream takes the connection over until that ends. Cancelling a task that waits for a reply closes the connection,
/// because the replies would no longer match.
package final class NodeConnection: Sendable {
    /// `host:port` or the socket's path.
    package let address: String
    let channel: any Channel
    let handler: NIOLoopBound<ConnectionHandler>

    /// Takes over an open channel whose handler is ready.
    init(address: String, channel: any Channel, handler: NIOLoopBound<ConnectionHandler>) {
        self.address = address
        self.channel = channel
        self.handler = handler
    }

    deinit {
        channel.close(promise: nil)
    }

    /// The numeric address of this end; nil for a Unix socket.
    package var localHost: String? { channel.localAddress?.ipAddress }

    /// The numeric address of the node; nil for a Unix socket.
    package var remoteHost: String? { channel.remoteAddress?.ipAddress }

    /// Sends one command; an error reply is thrown.
    package func command(_ arguments: RESPArgument...) async throws(TransportError) -> RESPValue {
        try await command(arguments)
    }

    /// Sends one command; an error reply is thrown.
    package func command(_ arguments: [RESPArgument]) async throws(TransportError) -> RESPValue {
        let reply = try await reply(to: arguments)
        if let error = reply.error { throw TransportError(error, command: arguments.first?.text, address: address) }
        return reply
    }

    /// Sends one command; an error reply is a value.
    package func reply(to arguments: [RESPArgument]) async throws(TransportError) -> RESPValue {
        var buffer = ByteBuffer()
        buffer.writeCommand(arguments)
        return try await pipeline(buffer, replyCount: 1).first ?? .null
    }

    /// Sends encoded commands at once and returns their replies in order; error replies are values.
    package func pipeline(_ encoded: ByteBuffer, replyCount: Int) async throws(TransportError) -> [RESPValue] {
        let promise = channel.eventLoop.makePromise(of: [RESPValue].self)
        channel.eventLoop.execute { [handler] in
            guard let failure = handler.value.failure else {
                if !handler.value.commands.isAwaitingBytes { handler.value.noteProgress() }
                handler.value.commands.expect(replyCount: replyCount, promise: promise)
                handler.value.write(encoded)
                return
            }
            promise.fail(failure)
        }
        return try await value(of: promise.futureResult)
    }

    /// Closes the connection; everything that waits fails.
    ///
    /// Calling it again does nothing.
    package func close() async {
        closeNow(TransportError(.closed, "\(address): the connection was closed here"))
        try? await channel.closeFuture.get()
    }

    /// Ends the connection without waiting for it.
    func closeNow(_ error: TransportError) {
        channel.eventLoop.execute { [handler] in handler.value.fail(error) }
    }

    /// Waits for a future; cancelling the task closes the connection.
    func value<Value: Sendable>(of future: EventLoopFuture<Value>) async throws(TransportError) -> Value {
        do {
            return try await withTaskCancellationHandler {
                try await future.get()
            } onCancel: {
                closeNow(.cancelled(address))
            }
        } catch {
            throw TransportError(channelError: error, address: address)
        }
    }

    /// Changes the use of the connection, on its event loop.
    func use(
        _ makeSink: @escaping @Sendable (ConnectionHandler) -> any ReplySink,
        replyTimeout: Duration? = nil
    ) async throws(TransportError) {
        let done = channel.eventLoop.submit { [handler] in
            handler.value.use(makeSink(handler.value), replyTimeout: replyTimeout.map { TimeAmount($0) })
        }
        try await value(of: done)
    }

    /// Gives the connection back to commands.
    func useForCommands() async throws(TransportError) {
        try await use { handler in
            handler.setAutoRead(true)
            return handler.commands
        }
    }
}

extension TransportError {
    static func cancelled(_ address: String) -> Self { Self(.cancelled, "\(address): cancelled") }
}
