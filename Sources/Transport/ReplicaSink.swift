import NIOCore
import RESP

/// Drives a `ReplicaTransfer` on the event loop: reads by hand, hands chunks to the consumer, acknowledges.
final class ReplicaSink: ReplySink {
    /// What the server answered to SYNC or PSYNC.
    enum Start: Sendable {
        case payload(ReplicaTransfer.Framing, replicationID: String?, offset: Int64?)
        case refused(RESPErrorReply)
    }

    /// How long payload bytes that fill no chunk may lie here while the consumer waits.
    private static let flushDelay = TimeAmount.milliseconds(5)
    /// A server that does not know `rdb-only` drops replicas that acknowledge nothing for `repl-timeout`.
    private static let acknowledgementInterval = TimeAmount.seconds(1)

    private weak let handler: ConnectionHandler?
    private let queue: ChunkQueue
    private let address: String
    private let eventLoop: any EventLoop
    private let acknowledges: Bool
    private var transfer = ReplicaTransfer(expectsAcknowledgement: true)
    private var replicationID: String?
    private var offset: Int64?
    private var startPromise: EventLoopPromise<Start>?
    private var isFlushScheduled = false

    init(handler: ConnectionHandler, queue: ChunkQueue, acknowledges: Bool, eventLoop: any EventLoop) {
        self.handler = handler
        self.queue = queue
        self.acknowledges = acknowledges
        self.eventLoop = eventLoop
        address = handler.address
    }

    /// While a transfer runs, bytes are due unless the consumer does not take them.
    var isAwaitingBytes: Bool { startPromise != nil || queue.hasWaiter }

    /// Asks for the synchronisation; the promise gets the server's answer.
    func start(_ command: ByteBuffer, expectsAcknowledgement: Bool, promise: EventLoopPromise<Start>) {
        guard let handler, handler.failure == nil else {
            promise.fail(handler?.failure ?? TransportError(.closed, "\(address) closed the connection"))
            return
        }
        transfer = ReplicaTransfer(expectsAcknowledgement: expectsAcknowledgement)
        startPromise = promise
        handler.noteProgress()
        handler.write(command)
        handler.read()
    }

    func receive(_ bytes: ByteBuffer) throws(TransportError) {
        if transfer.wantsSpare, let spare = queue.takeSpare() { transfer.give(spare: spare) }
        transfer.append(bytes)
        try handleEvents(flushing: false)
    }

    func readCompleted() {
        resume()
        if transfer.isInPayload, queue.hasWaiter { scheduleFlush() }
    }

    /// Reads on if the consumer has taken enough.
    func resume() {
        if !transfer.hasEnded, queue.wantsMore() { handler?.read() }
    }

    func fail(_ error: TransportError) {
        let explained = explain(error)
        startPromise?.fail(explained)
        startPromise = nil
        queue.fail(explained)
    }

    // MARK: Details

    private func handleEvents(flushing: Bool) throws(TransportError) {
        while let event = try nextEvent(flushing: flushing) {
            switch consume event {
            case .refused(let text): answer(.refused(RESPErrorReply(text)))
            case .resynchronisation(let id, let offset):
                replicationID = id
                self.offset = offset
            case .payload(let framing):
                answer(.payload(framing, replicationID: replicationID, offset: offset))
                if acknowledges { acknowledge() }
            case .chunk(let chunk): queue.push(consume chunk)
            case .end: break
            }
        }
        if transfer.hasEnded { end() }
    }

    private func nextEvent(flushing: Bool) throws(TransportError) -> ReplicaTransfer.Event? {
        do throws(ReplicaTransfer.Violation) {
            return try transfer.next(flushing: flushing)
        } catch {
            throw TransportError(
                .protocolViolation,
                "\(address) sent \(error.reason) in a replica transfer",
                cause: error
            )
        }
    }

    private func answer(_ start: Start) {
        startPromise?.succeed(start)
        startPromise = nil
    }

    private func end() {
        queue.finish()
        handler?.fail(TransportError(.closed, "\(address): the transfer is complete and its connection closed"))
    }

    private func scheduleFlush() {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        eventLoop.assumeIsolated().scheduleTask(in: Self.flushDelay) { [weak self] in
            guard let self else { return }
            self.isFlushScheduled = false
            do throws(TransportError) {
                if self.queue.hasWaiter { try self.handleEvents(flushing: true) }
            } catch {
                self.handler?.fail(error)
            }
        }
    }

    private func acknowledge() {
        guard !transfer.hasEnded, let handler, handler.failure == nil else { return }
        var command = ByteBuffer()
        command.writeCommand("REPLCONF", "ACK", "0")
        handler.write(command)
        eventLoop.assumeIsolated().scheduleTask(in: Self.acknowledgementInterval) { [weak self] in
            self?.acknowledge()
        }
    }

    /// A lost connection or a stall, in terms of the transfer and of what the server's operator can change.
    private func explain(_ error: TransportError) -> TransportError {
        let progress = "after \(transfer.payloadByteCount) bytes of the replica transfer"
        switch error.code {
        case .closed where transfer.isInPayload:
            let limit =
                acknowledges
                ? "raise client-output-buffer-limit replica and repl-timeout there" : "raise repl-timeout there"
            let paused = TimeAmount(queue.pausedTime)
            return TransportError(
                .transferCut,
                "\(address) cut the connection \(progress), of which reading had paused \(paused.text); "
                    + "look into the server's log for a failed child process, or \(limit)",
                cause: error
            )
        case .closed where startPromise != nil:
            return TransportError(
                .transferCut,
                "\(address) closed the connection before the replica transfer began; look into the server's log "
                    + "for a failed child process (memory overcommit), or use --method scan",
                cause: error
            )
        case .timedOut:
            return TransportError(
                .transferStalled,
                "\(progress): \(error.message); a child process that saves slowly or a suspended server does that",
                cause: error
            )
        default: return error
        }
    }
}
