import NIOCore
import NIOSSL
import NIOTLS

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The end of a node's channel pipeline: hands bytes to the current sink, watches for stalls, maps failures.
///
/// Bound to its event loop; `NodeConnection` reaches it through `NIOLoopBound`.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// How often within the reply time-out the watch looks.
    private static let watchesPerTimeout: Int64 = 8

    let address: String
    /// The sink for commands: the one that a connection begins with.
    let commands: CommandSink
    private let usesTLS: Bool
    private(set) var failure: TransportError?
    private(set) var context: ChannelHandlerContext?
    private var sink: any ReplySink
    private var replyTimeout: TimeAmount
    private var lastProgress = NIODeadline.now()
    private var watch: Scheduled<Void>?
    private var hasReceivedBytes = false
    /// Fulfilled when the TLS handshake is done, or when the channel is active where there is none.
    private var readyPromise: EventLoopPromise<Void>?

    init(address: String, usesTLS: Bool, replyTimeout: TimeAmount, ready: EventLoopPromise<Void>) {
        self.address = address
        self.usesTLS = usesTLS
        self.replyTimeout = replyTimeout
        readyPromise = ready
        commands = CommandSink(address: address)
        sink = commands
    }

    // MARK: Called by the connection

    /// Changes what the connection is used for.
    ///
    /// Must be called between replies.
    func use(_ sink: any ReplySink, replyTimeout: TimeAmount? = nil) {
        if let failure {
            sink.fail(failure)
            return
        }
        self.sink = sink
        if let replyTimeout {
            self.replyTimeout = replyTimeout
            startWatch()
        }
    }

    /// Bytes came or went: the time-out starts again.
    func noteProgress() {
        lastProgress = .now()
    }

    func write(_ buffer: ByteBuffer, promise: EventLoopPromise<Void>? = nil) {
        guard let context, failure == nil else {
            promise?.fail(failure ?? closedError())
            return
        }
        context.writeAndFlush(NIOAny(buffer), promise: promise)
    }

    func setAutoRead(_ isOn: Bool) {
        guard let context else { return }
        try? context.channel.syncOptions?.setOption(.autoRead, value: isOn)
    }

    func read() {
        context?.read()
    }

    /// A second descriptor of the socket, which is not read here from now on, and the time in which a reply must come;
    /// nil where the bytes are not those of the socket.
    func takeSocket() throws -> (descriptor: CInt, replyTimeout: TimeAmount)? {
        guard let context, !usesTLS, failure == nil else { return nil }
        // Off, as for every exchange, and on and off again: that takes back the read that waits.
        setAutoRead(true)
        setAutoRead(false)
        let descriptor = try context.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { dup($0) }
        return descriptor.flatMap { $0 < 0 ? nil : ($0, replyTimeout) }
    }

    /// Ends the connection: the sink gets the error, unless there was one before.
    func fail(_ error: TransportError) {
        guard failure == nil else { return }
        failure = error
        watch?.cancel()
        watch = nil
        readyPromise?.fail(error)
        readyPromise = nil
        sink.fail(error)
        sink = IdleSink()
        context?.close(promise: nil)
    }

    /// Ends a connection whose TLS handshake does not come to its end in time.
    func limitHandshake(to timeout: TimeAmount) {
        guard readyPromise != nil, let context else { return }
        context.eventLoop.assumeIsolated().scheduleTask(in: timeout) { [weak self, address] in
            guard let self, self.readyPromise != nil else { return }
            self.fail(
                TransportError(
                    .timedOut,
                    "\(address): no TLS handshake within \(timeout.text); does the server speak TLS there?"
                )
            )
        }
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive, !usesTLS { becomeReady() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        fail(closedError())
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        if !usesTLS { becomeReady() }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event { becomeReady() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard failure == nil else { return }
        let bytes = unwrapInboundIn(data)
        if !hasReceivedBytes {
            hasReceivedBytes = true
            if !usesTLS, Self.isTLSAlert(bytes) { return fail(.serverWantsTLS(address)) }
        }
        lastProgress = .now()
        do throws(TransportError) {
            try sink.receive(bytes)
        } catch {
            fail(error)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if failure == nil { sink.readCompleted() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(closedError())
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let failure = TransportError(channelError: error, address: address)
        fail(failure.code == .closed ? closedError(cause: error) : failure)
    }

    // MARK: Details

    private func becomeReady() {
        readyPromise?.succeed()
        readyPromise = nil
        startWatch()
    }

    private func startWatch() {
        noteProgress()
        scheduleWatch()
    }

    private func scheduleWatch() {
        watch?.cancel()
        guard let context, failure == nil else { return }
        let interval = TimeAmount.nanoseconds(max(replyTimeout.nanoseconds / Self.watchesPerTimeout, 1_000_000))
        watch = context.eventLoop.assumeIsolated().scheduleTask(in: interval) { [weak self] in
            guard let self, self.failure == nil else { return }
            self.checkProgress()
            self.scheduleWatch()
        }
    }

    private func checkProgress() {
        guard sink.isAwaitingBytes else { return noteProgress() }
        guard NIODeadline.now() - lastProgress >= replyTimeout else { return }
        fail(.silent(address, replyTimeout))
    }

    private func closedError(cause: (any Error)? = nil) -> TransportError {
        hasReceivedBytes
            ? TransportError(.closed, "\(address) closed the connection", cause: cause)
            : TransportError(
                .closed,
                "\(address) closed the connection before it sent anything"
                    + (usesTLS ? "" : "; if it speaks TLS, use rediss://; maxclients may be reached"),
                cause: cause
            )
    }

    /// A TLS record of type alert (21), version 3.x: RFC 8446, section 5.1.
    private static func isTLSAlert(_ bytes: ByteBuffer) -> Bool {
        bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) == 0x15
            && (bytes.readableBytes < 2 || bytes.getInteger(at: bytes.readerIndex + 1, as: UInt8.self) == 0x03)
    }
}

/// The sink of a connection that nothing uses.
private final class IdleSink: ReplySink {
    let isAwaitingBytes = false
    func receive(_ bytes: ByteBuffer) {}
    func readCompleted() {}
    func fail(_ error: TransportError) {}
}
