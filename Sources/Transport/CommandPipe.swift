package import NIOCore
package import RESP
import Synchronization

/// A one-way pipeline for loading: large buffers of encoded commands go out, replies are counted.
///
/// `write` waits while too much is under way. `+OK` replies are only counted; every other reply is kept with its
/// ordinal until the caller takes it. One task writes.
package final class CommandPipe: Sendable {
    /// Bytes that may wait here for the socket.
    ///
    /// What is above it in one buffer still goes out whole.
    package static let unsentByteLimit = 1024 * 1024
    /// Commands that may be unanswered; their fate is unknown if the connection is lost.
    package static let unansweredCommandLimit: UInt64 = 32 * 1024

    private struct State {
        var counter = ReplyCounter()
        var others: [NumberedReply] = []
        var submitted: UInt64 = 0
        var unsentByteCount = 0
        var failure: TransportError?
        var waiter: CheckedContinuation<Void, Never>?
        var waitsForEnd = false
        var waitingTime = Duration.zero

        /// 0 also if a server answers more than it was asked, which `receive` makes a failure.
        var unansweredCount: UInt64 { submitted > counter.count ? submitted - counter.count : 0 }
        var hasRoom: Bool {
            unsentByteCount < CommandPipe.unsentByteLimit && unansweredCount < CommandPipe.unansweredCommandLimit
        }
        /// A writer that waited is woken when half of the window is free, not for each reply.
        var hasMuchRoom: Bool {
            unsentByteCount <= CommandPipe.unsentByteLimit / 2
                && unansweredCount <= CommandPipe.unansweredCommandLimit / 2
        }
        var isDrained: Bool { submitted == counter.count && unsentByteCount == 0 }
    }

    private let connection: NodeConnection
    private let state = Mutex(State())

    fileprivate init(connection: NodeConnection) {
        self.connection = connection
    }

    /// Replies that have come, `+OK` or not.
    ///
    /// Stays readable after a failure.
    package var answeredCommandCount: UInt64 { state.withLock { $0.counter.count } }
    /// Commands handed to `write`.
    package var submittedCommandCount: UInt64 { state.withLock { $0.submitted } }
    /// The time in which the writer waited for the server.
    package var waitingTime: Duration { state.withLock { $0.waitingTime } }

    /// Sends a buffer that ends `commandCount` commands (0 for a part of a command that a later buffer ends).
    ///
    /// - Returns: the replies other than `+OK` that have come since the last call, in order
    package func write(_ buffer: ByteBuffer, commandCount: Int) async throws(TransportError) -> [NumberedReply] {
        try await wait(forEnd: false)
        let byteCount = buffer.readableBytes
        state.withLock { state in
            state.submitted += UInt64(commandCount)
            state.unsentByteCount += byteCount
        }
        let eventLoop = connection.channel.eventLoop
        eventLoop.execute { [self, handler = connection.handler] in
            if !isAwaitingReplies { handler.value.noteProgress() }
            let promise = eventLoop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenSuccess {
                handler.value.noteProgress()
                self.didSend(byteCount)
            }
            handler.value.write(buffer, promise: promise)
        }
        return takeReplies()
    }

    /// Waits until every command is answered.
    ///
    /// - Returns: the replies other than `+OK` that have come since the last call, in order
    package func drain() async throws(TransportError) -> [NumberedReply] {
        try await wait(forEnd: true)
        return takeReplies()
    }

    /// The replies other than `+OK` that have come since the last call; also after a failure.
    package func takeReplies() -> [NumberedReply] {
        state.withLock { state in
            guard !state.others.isEmpty else { return [] }
            let others = state.others
            state.others = []
            return others
        }
    }

    /// Drains, and gives the connection back to commands.
    package func finish() async throws(TransportError) -> [NumberedReply] {
        let replies = try await drain()
        try await connection.useForCommands()
        return replies
    }

    private func wait(forEnd: Bool) async throws(TransportError) {
        if let failure = state.withLock({ $0.failure }) { throw failure }
        let isReady = state.withLock { forEnd ? $0.isDrained : $0.hasRoom }
        if isReady { return }
        let start = ContinuousClock.now
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let isReady = state.withLock { state in
                    state.waitsForEnd = forEnd
                    if state.failure != nil || (forEnd ? state.isDrained : state.hasMuchRoom) { return true }
                    state.waiter = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            connection.closeNow(.cancelled(connection.address))
        }
        let failure = state.withLock { state in
            state.waitingTime += .now - start
            return state.failure
        }
        if let failure { throw failure }
    }

    // MARK: The event loop's side

    fileprivate var isAwaitingReplies: Bool { state.withLock { !$0.isDrained } }

    fileprivate func receive(_ input: inout ByteBuffer) throws(TransportError) {
        var failure: TransportError?
        wakeAfter { state in
            do throws(RESPError) {
                try state.counter.consume(&input, others: &state.others)
            } catch {
                failure = TransportError(
                    .protocolViolation,
                    "\(connection.address) sent no valid reply: \(error)",
                    cause: error
                )
            }
            if failure == nil, state.counter.count > state.submitted {
                failure = TransportError(
                    .protocolViolation,
                    "\(connection.address) sent more replies than commands were sent"
                )
            }
        }
        if let failure { throw failure }
    }

    fileprivate func fail(_ error: TransportError) {
        wakeAfter { state in
            if state.failure == nil { state.failure = error }
        }
    }

    private func didSend(_ byteCount: Int) {
        wakeAfter { $0.unsentByteCount -= byteCount }
    }

    private func wakeAfter(_ change: (inout State) -> Void) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            change(&state)
            guard state.failure != nil || (state.waitsForEnd ? state.isDrained : state.hasMuchRoom) else { return nil }
            return state.waiter.take()
        }
        waiter?.resume()
    }
}

/// The end of a pipe on the event loop: keeps what is left of a reply between reads.
private final class PipeSink: ReplySink {
    private let pipe: CommandPipe
    private var input = ByteBuffer()

    init(pipe: CommandPipe) {
        self.pipe = pipe
    }

    var isAwaitingBytes: Bool { pipe.isAwaitingReplies }

    func receive(_ bytes: ByteBuffer) throws(TransportError) {
        var bytes = bytes
        if input.readableBytes == 0 {
            input = bytes
        } else {
            input.writeBuffer(&bytes)
        }
        try pipe.receive(&input)
        if input.readableBytes == 0 { input = ByteBuffer() }
    }

    func readCompleted() {}

    func fail(_ error: TransportError) {
        pipe.fail(error)
    }
}

extension NodeConnection {
    /// Takes the connection over for a pipeline of commands whose replies are counted.
    package func openPipe() async throws(TransportError) -> CommandPipe {
        let pipe = CommandPipe(connection: self)
        try await use { _ in PipeSink(pipe: pipe) }
        return pipe
    }
}
