package import NIOCore
import Synchronization

/// The stream to a replica that asked us for its dataset.
///
/// One task writes; at most `pieceLimit` pieces wait for the socket.
package final class ReplicaFeed: Sendable {
    /// How the replica is told where the payload ends.
    package enum Framing: Hashable, Sendable {
        /// By 40 bytes after it.
        case marker
        /// By its length before it.
        case length(UInt64)
    }

    /// Pieces that are on their way at the same time.
    private static let pieceLimit = 4

    /// `host:port` of the replica's end.
    package let peer: String
    /// Whether the replica can take a payload whose length is not known beforehand.
    package let knowsMarker: Bool
    private let marker: String
    private let channel: any Channel
    private let stallTimeout: Duration
    private let waiting = Mutex<CircularBuffer<EventLoopFuture<Void>>>([])

    init(peer: String, knowsMarker: Bool, channel: any Channel, stallTimeout: Duration) {
        self.peer = peer
        self.knowsMarker = knowsMarker
        self.channel = channel
        self.stallTimeout = stallTimeout
        marker = Self.randomHexadecimal()
    }

    deinit {
        channel.close(promise: nil)
    }

    /// Whether the replica is still there.
    package var isOpen: Bool { channel.isActive }

    /// Answers PSYNC: a history that nobody else has, and the payload is to follow.
    package func begin(_ framing: Framing) async throws(TransportError) {
        var head = "+FULLRESYNC \(Self.randomHexadecimal()) 0\r\n"
        switch framing {
        case .marker: head += "$EOF:\(marker)\r\n"
        case .length(let byteCount): head += "$\(byteCount)\r\n"
        }
        try await write(ByteBuffer(string: head))
    }

    /// Sends a piece of the payload; waits while too many are on their way.
    package func write(_ bytes: ByteBuffer) async throws(TransportError) {
        let promise = channel.eventLoop.makePromise(of: Void.self)
        let oldest = waiting.withLock { waiting -> EventLoopFuture<Void>? in
            waiting.append(promise.futureResult)
            return waiting.count > Self.pieceLimit ? waiting.removeFirst() : nil
        }
        channel.writeAndFlush(bytes, promise: promise)
        if let oldest { try await wait(for: oldest) }
    }

    /// Ends the payload, and waits until all of it is with the socket.
    package func finish(_ framing: Framing) async throws(TransportError) {
        if framing == .marker { try await write(ByteBuffer(string: marker)) }
        while let next = waiting.withLock({ $0.popFirst() }) { try await wait(for: next) }
    }

    /// Closes the connection; the replica is left without its primary.
    package func close() async {
        channel.close(promise: nil)
        try? await channel.closeFuture.get()
    }

    /// A replica that takes nothing for `stallTimeout` is given up.
    private func wait(for future: EventLoopFuture<Void>) async throws(TransportError) {
        let timeout = channel.eventLoop.scheduleTask(in: TimeAmount(stallTimeout)) { [channel] in
            channel.close(promise: nil)
        }
        defer { timeout.cancel() }
        do {
            try await withTaskCancellationHandler {
                try await future.get()
            } onCancel: { [channel] in
                channel.close(promise: nil)
            }
        } catch {
            if Task.isCancelled { throw .cancelled(peer) }
            throw TransportError(
                .transferCut,
                "\(peer) ended the replication link before it had the whole stream",
                cause: error
            )
        }
    }

    private static func randomHexadecimal() -> String {
        String((0..<MarkerSearch.markerByteCount).map { _ in "0123456789abcdef".randomElement() ?? "0" })
    }
}
