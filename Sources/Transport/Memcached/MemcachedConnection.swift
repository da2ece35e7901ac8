package import Memcached
package import NIOCore
import Synchronization

/// A connection to a Memcached server that is set up: authenticated where it asks for that.
///
/// It speaks the text protocol. Either one asks at a time (`line`, `stats`), or commands are sent ahead and their
/// replies are read as bytes (`send` or `write`, and `next`), which `MetaReplyParser` splits; one task reads. Between the
/// two every reply must have been read. Cancelling a task that waits closes the connection.
package final class MemcachedConnection: Sendable {
    /// Bytes that may wait here for the socket before `write` waits.
    package static let unsentByteLimit = 1024 * 1024
    /// Commands of no more than this leave nothing that a server could forget: see `remind`.
    private static let forgottenByteCount = 4096
    /// A command that changes nothing and, as there is no such item, is not answered.
    private static let reminder = ByteBuffer(string: "mg rewarm:reminder q\r\n")

    /// `host:port` or the socket's path.
    package let address: String
    /// As the server writes it, "1.6.18".
    package let versionText: String
    let link: NodeConnection
    private let usesTLS: Bool
    private let exchange: ReplyExchange
    private let outgoing = Mutex(Outgoing())

    private struct Outgoing {
        var unsentByteCount = 0
        var waiter: CheckedContinuation<Void, Never>?
    }

    init(link: NodeConnection, exchange: ReplyExchange, versionText: String, usesTLS: Bool) {
        address = link.address
        self.link = link
        self.usesTLS = usesTLS
        self.exchange = exchange
        self.versionText = versionText
    }

    package var version: ServerVersion { ServerVersion(versionText) }

    /// Queues encoded commands for sending; the caller bounds what it sends ahead by the replies it has read.
    package func send(_ encoded: ByteBuffer) {
        exchange.send(encoded)
        if encoded.readableBytes > Self.forgottenByteCount { remind() }
    }

    /// Has a server with TLS carry out all commands that were sent; those before must be whole.
    ///
    /// What it has decrypted and found no room for it forgets until the socket shows more, so that the last commands of
    /// a pipeline, or their values, would wait for ever (tried with 1.6.18): a little more comes behind them, in a TLS
    /// record of its own.
    package func remind() {
        if usesTLS { exchange.send(Self.reminder) }
    }

    /// The same, and waits while more than `unsentByteLimit` bytes have not gone out.
    ///
    /// A connection that is lost is told by `next`; this then returns at once.
    package func write(_ encoded: ByteBuffer) async throws(TransportError) {
        try await waitForRoom()
        let byteCount = encoded.readableBytes
        outgoing.withLock { $0.unsentByteCount += byteCount }
        let eventLoop = link.channel.eventLoop
        eventLoop.execute { [self, handler = link.handler] in
            handler.value.noteProgress()
            let promise = eventLoop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenComplete { _ in
                self.didSend(byteCount)
            }
            handler.value.write(encoded, promise: promise)
        }
    }

    /// The next bytes of replies, up to some hundred KiB; never empty: the end of the connection is an error.
    package func next() async throws(TransportError) -> ByteBuffer {
        try await exchange.next()
    }

    /// Takes the socket for a task that reads and writes it itself; nil where TLS lies between.
    ///
    /// `send`, `write` and `next` must not be used any more.
    package func takeSocket() async throws(TransportError) -> RawSocket? {
        guard let socket = try await link.takeSocket() else { return nil }
        while let bytes = exchange.takeQueued() { socket.appendEarly(bytes) }
        return socket
    }

    /// The time in which the socket was not read because the caller had not taken what was there.
    package var pausedTime: Duration { exchange.pausedTime }
    /// The time in which the caller waited for bytes.
    package var waitingTime: Duration { exchange.waitingTime }

    /// Sends a command and returns its answer of one line, an error or not.
    package func line(_ command: String) async throws(TransportError) -> String {
        try await line(ByteBuffer(string: command + "\r\n"))
    }

    /// Sends a command, encoded with its end, and returns its answer of one line, an error or not.
    package func line(_ command: ByteBuffer) async throws(TransportError) -> String {
        try await exchange.line(command, address: address)
    }

    /// `stats`, or a group of it such as `settings`.
    package func stats(_ group: String? = nil) async throws(TransportError) -> MemcachedStats {
        send(ByteBuffer(string: group.map { "stats \($0)\r\n" } ?? "stats\r\n"))
        var stats = MemcachedStats()
        var input = ByteBuffer()
        while true {
            while let line = try violation({ () throws(MemcachedError) in try ProtocolLine.read(&input) }) {
                if let error = MetaError(line: line) {
                    throw TransportError(error, command: "stats", address: address)
                }
                if try violation({ () throws(MemcachedError) in try stats.take(line: line) }) { return stats }
            }
            var bytes = try await next()
            input.writeBuffer(&bytes)
        }
    }

    /// Closes the connection; everything that waits fails.
    package func close() async {
        await link.close()
    }

    /// Says that an error of a parser came from this server.
    package func violation<Value>(
        _ body: () throws(MemcachedError) -> Value
    ) throws(TransportError) -> Value {
        do throws(MemcachedError) {
            return try body()
        } catch {
            throw TransportError(.protocolViolation, "\(address) sent no valid reply: \(error)", cause: error)
        }
    }

    private func waitForRoom() async throws(TransportError) {
        if outgoing.withLock({ $0.unsentByteCount < Self.unsentByteLimit }) { return }
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let isReady = outgoing.withLock { outgoing in
                    guard outgoing.unsentByteCount >= Self.unsentByteLimit else { return true }
                    outgoing.waiter = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            link.closeNow(.cancelled(address))
        }
        if Task.isCancelled { throw .cancelled(address) }
    }

    private func didSend(_ byteCount: Int) {
        let waiter = outgoing.withLock { outgoing -> CheckedContinuation<Void, Never>? in
            outgoing.unsentByteCount -= byteCount
            guard outgoing.unsentByteCount <= Self.unsentByteLimit / 2 else { return nil }
            return outgoing.waiter.take()
        }
        waiter?.resume()
    }
}

extension ReplyExchange {
    /// Sends a command and returns its answer of one line; no other reply is under way.
    func line(_ command: ByteBuffer, address: String) async throws(TransportError) -> String {
        send(command)
        var input = ByteBuffer()
        while true {
            var bytes = try await next()
            input.writeBuffer(&bytes)
            do throws(MemcachedError) {
                guard let line = try ProtocolLine.read(&input) else { continue }
                guard input.readableBytes == 0 else {
                    throw .malformed(reason: "more than the one line of an answer")
                }
                return line
            } catch {
                throw TransportError(.protocolViolation, "\(address) sent no valid reply: \(error)", cause: error)
            }
        }
    }
}
