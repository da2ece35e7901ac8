import NIOCore
import NIOPosix
import NIOSSL
import RESP
import Synchronization

/// Waits, as a primary would, for one replica: the node that was told to replicate from here.
///
/// Only connections from the addresses of that node are served, the first that asks for a synchronisation and presents
/// the node's own history gets it, and no other after it.
package final class ReplicaListener: Sendable {
    /// Who is expected.
    package struct Expectation: Sendable {
        /// Numeric addresses that the node may come from.
        package var addresses: Set<String>
        /// The node's own replication id, as it told it over a connection of ours; nil if it did not.
        package var replicationID: String?
        /// A replica that takes no byte for so long is given up.
        package var stallTimeout: Duration

        package init(addresses: Set<String>, replicationID: String?, stallTimeout: Duration = .seconds(120)) {
            self.addresses = addresses
            self.replicationID = replicationID
            self.stallTimeout = stallTimeout
        }
    }

    /// The numeric address and port that are listened on.
    package let host: String
    package let port: Int
    private let channel: any Channel
    private let desk: ReplicaDesk

    private init(host: String, port: Int, channel: any Channel, desk: ReplicaDesk) {
        self.host = host
        self.port = port
        self.channel = channel
        self.desk = desk
    }

    deinit {
        channel.close(promise: nil)
    }

    /// Listens; port 0 takes any that is free, nil for `tls` speaks in the clear.
    package static func open(
        host: String,
        port: Int,
        tls: ListenerTLS? = nil,
        _ expectation: Expectation
    ) async throws(TransportError) -> ReplicaListener {
        let encryption = try tls?.makeContext()
        let group = MultiThreadedEventLoopGroup.singleton
        let desk = ReplicaDesk(expectation, promise: group.next().makePromise(of: ReplicaFeed.self))
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let encryption { try pipeline.addHandler(NIOSSLServerHandler(context: encryption)) }
                    try pipeline.addHandler(ReplicaPeerHandler(desk, isEncrypted: encryption != nil))
                }
            }
        do {
            let channel = try await bootstrap.bind(host: host, port: port).get()
            guard let address = channel.localAddress, let port = address.port, let numeric = address.ipAddress else {
                throw ChannelError.ioOnClosedChannel
            }
            return ReplicaListener(host: numeric, port: port, channel: channel, desk: desk)
        } catch {
            desk.give(up: TransportError(.closed, "not listening"))
            throw TransportError(listeningOn: "\(host):\(port), see --listen", error)
        }
    }

    /// Waits for the replica's PSYNC.
    package func replica(within timeout: Duration) async throws(TransportError) -> ReplicaFeed {
        let address = "\(host):\(port)"
        let expiry = channel.eventLoop.scheduleTask(in: TimeAmount(timeout)) { [desk] in
            desk.give(up: desk.timeoutError(address: address, timeout: timeout))
        }
        defer { expiry.cancel() }
        do {
            return try await withTaskCancellationHandler {
                try await desk.promise.futureResult.get()
            } onCancel: { [desk] in
                desk.give(up: .cancelled(address))
            }
        } catch {
            throw TransportError(channelError: error, address: address)
        }
    }

    /// Connections that were turned away, as sentences.
    package var refusals: [String] { desk.refusals }

    /// Stops listening; a feed that was given out stays.
    package func close() async {
        desk.give(up: TransportError(.closed, "\(host):\(port): stopped listening"))
        channel.close(promise: nil)
        try? await channel.closeFuture.get()
    }
}

/// Decides which of the connections is the replica that is waited for.
final class ReplicaDesk: Sendable {
    /// More are only counted: whoever knocks all the time must not take memory.
    private static let refusalLimit = 8

    private struct State {
        var isTaken = false
        var refusals: [String] = []
    }

    let expectation: ReplicaListener.Expectation
    let promise: EventLoopPromise<ReplicaFeed>
    private let state = Mutex(State())

    init(_ expectation: ReplicaListener.Expectation, promise: EventLoopPromise<ReplicaFeed>) {
        self.expectation = expectation
        self.promise = promise
    }

    var refusals: [String] { state.withLock { $0.refusals } }

    func isExpected(_ address: SocketAddress?) -> Bool {
        address?.ipAddress.map { expectation.addresses.contains($0) } ?? false
    }

    func note(refusal: String) {
        state.withLock { state in
            if state.refusals.count < Self.refusalLimit { state.refusals.append(refusal) }
        }
    }

    /// Why a PSYNC with this history is refused; nil if it is the one, and then no other is.
    func claim(replicationID: String) -> String? {
        if let expected = expectation.replicationID, replicationID != "?", replicationID != expected {
            return "presents another history than the target's"
        }
        let isFirst = state.withLock { state in
            defer { state.isTaken = true }
            return !state.isTaken
        }
        return isFirst ? nil : "asks for a second synchronisation"
    }

    func give(_ feed: ReplicaFeed) { promise.succeed(feed) }
    func give(up error: TransportError) { promise.fail(error) }

    func timeoutError(address: String, timeout: Duration) -> TransportError {
        let turnedAway = refusals
        let why =
            turnedAway.isEmpty
            ? "is that address reachable from there (--listen)?"
            : "turned away: " + turnedAway.joined(separator: ", ")
        return TransportError(
            .timedOut,
            "the target did not come to \(address) for its dataset within \(TimeAmount(timeout).text); \(why)"
        )
    }
}

/// One connection to the listener.
final class ReplicaPeerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// A handshake takes some hundred bytes; more that is not understood is no handshake.
    private static let inputByteLimit = 64 << 10
    /// How a TLS handshake begins, and no command.
    private static let handshakeRecord: UInt8 = 0x16

    private let desk: ReplicaDesk
    private let isEncrypted: Bool
    private var reader = CommandReader()
    private var conversation = ReplicaConversation()
    private var input = ByteBuffer()
    private var peer = "?"
    private var isServed = false

    init(_ desk: ReplicaDesk, isEncrypted: Bool) {
        self.desk = desk
        self.isEncrypted = isEncrypted
    }

    func channelActive(context: ChannelHandlerContext) {
        let address = context.remoteAddress
        peer = address.map { "\($0.ipAddress ?? "?"):\($0.port ?? 0)" } ?? "?"
        guard desk.isExpected(address) else {
            desk.note(refusal: "a connection from \(peer), which is not the target's address")
            context.close(promise: nil)
            return
        }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        let isFirst = !isServed && !isEncrypted && input.readableBytes == 0
        if isFirst, bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) == Self.handshakeRecord {
            return refuse("a TLS handshake (tls-replication yes), for which no certificate was given", context)
        }
        input.writeBuffer(&bytes)
        do throws(RESPError) {
            while let command = try reader.next(&input) { answer(command, context) }
        } catch {
            return refuse("what is no replica's handshake (\(error))", context)
        }
        if input.readableBytes > Self.inputByteLimit { refuse("a command without an end", context) }
        input.discardReadBytes()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let isOfHandshake = error is NIOSSLError || error is BoringSSLError
        if isOfHandshake, !isServed { desk.note(refusal: "a TLS handshake that failed (\(error)) from \(peer)") }
        context.close(promise: nil)
    }

    private func answer(_ command: [String], _ context: ChannelHandlerContext) {
        switch conversation.take(command) {
        case .reply(let text):
            // In the stream to a replica that is served no reply has a place.
            if !isServed { write(text, context) }
        case .acknowledged, .nothing: break
        case .synchronise(let replicationID):
            guard !isServed else { return refuse("a second synchronisation on its connection", context) }
            if let reason = desk.claim(replicationID: replicationID) {
                write("-ERR rewarm does not serve this replica: it \(reason)", context)
                desk.note(refusal: "a replica at \(peer) that \(reason)")
                context.close(promise: nil)
                return
            }
            isServed = true
            desk.give(
                ReplicaFeed(
                    peer: peer,
                    knowsMarker: conversation.knowsMarker,
                    channel: context.channel,
                    stallTimeout: desk.expectation.stallTimeout
                )
            )
        }
    }

    private func refuse(_ what: String, _ context: ChannelHandlerContext) {
        desk.note(refusal: "\(what) from \(peer)")
        context.close(promise: nil)
    }

    private func write(_ line: String, _ context: ChannelHandlerContext) {
        context.writeAndFlush(NIOAny(ByteBuffer(string: line + "\r\n")), promise: nil)
    }
}
