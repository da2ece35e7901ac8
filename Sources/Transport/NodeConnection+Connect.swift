import NIOCore
import NIOPosix
import NIOSSL
import RESP
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension NodeConnection {
    /// The largest read from a socket, in bytes.
    private static let readByteLimit = 256 * 1024
    /// How long to wait between two questions whether the dataset is loaded.
    private static let loadingPollInterval = Duration.milliseconds(200)

    /// Connects and sets the connection up: TLS, AUTH, waiting for a dataset that loads, SELECT.
    package static func connect(_ options: ConnectionOptions) async throws(TransportError) -> NodeConnection {
        guard options.url.family == .redis else { throw .otherFamily(options.url) }
        let connection = try await openSocket(options)
        do throws(TransportError) {
            try await connection.authenticate(options)
            try await connection.waitUntilLoaded(options)
            try await connection.select(options)
            return connection
        } catch {
            await connection.close()
            throw await OtherFamily.explain(error, options)
        }
    }

    // MARK: The socket

    /// Opens the socket, and the TLS session where there is one; nothing has been said yet.
    static func openSocket(_ options: ConnectionOptions) async throws(TransportError) -> NodeConnection {
        do throws(TransportError) {
            return try await open(options)
        } catch {
            throw Task.isCancelled ? .cancelled(options.url.address) : await explain(error, options)
        }
    }

    private static func open(_ options: ConnectionOptions) async throws(TransportError) -> NodeConnection {
        let tls = try tlsContext(options)
        return try await open(options) { try tls?.makeHandler() }
    }

    private static func tlsContext(_ options: ConnectionOptions) throws(TransportError) -> TLSContext? {
        guard options.url.usesTLS, case .tcp(let host, _) = options.url.endpoint else { return nil }
        return try TLSContext(options.tls, host: host)
    }

    private static func open(
        _ options: ConnectionOptions,
        makeTLSHandler: @escaping @Sendable () throws -> NIOSSLClientHandler?
    ) async throws(TransportError) -> NodeConnection {
        let address = options.url.address
        let usesTLS = options.url.usesTLS
        let timeout = TimeAmount(options.connectTimeout)
        let replyTimeout = TimeAmount(options.replyTimeout)
        // Of the addresses that a host name has, several may be tried, each with a channel of its own.
        let openings = Mutex<[ObjectIdentifier: Opening]>([:])
        let bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connectTimeout(timeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(.recvAllocator, value: readAllocator)
            // A Memcached server may say why it takes nobody before it is asked: that is for the exchange to read.
            .channelOption(.autoRead, value: options.url.family == .redis || usesTLS)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let handler = try makeTLSHandler() {
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    let ready = channel.eventLoop.makePromise(of: Void.self)
                    let handler = ConnectionHandler(
                        address: address,
                        usesTLS: usesTLS,
                        replyTimeout: replyTimeout,
                        ready: ready
                    )
                    let opening = Opening(
                        handler: NIOLoopBound(handler, eventLoop: channel.eventLoop),
                        ready: ready.futureResult
                    )
                    openings.withLock { $0[ObjectIdentifier(channel)] = opening }
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
        do {
            let channel = try await connect(bootstrap, options.url.endpoint)
            guard let opening = openings.withLock({ $0[ObjectIdentifier(channel)] }) else {
                throw ChannelError.ioOnClosedChannel
            }
            channel.eventLoop.execute { opening.handler.value.limitHandshake(to: timeout) }
            try await withTaskCancellationHandler {
                try await opening.ready.get()
            } onCancel: {
                channel.close(promise: nil)
            }
            return NodeConnection(address: address, channel: channel, handler: opening.handler)
        } catch {
            throw TransportError(connectError: error, address: address)
        }
    }

    /// A channel on its way: its handler, and whether the handshake is done.
    private struct Opening: Sendable {
        let handler: NIOLoopBound<ConnectionHandler>
        let ready: EventLoopFuture<Void>
    }

    private static var readAllocator: AdaptiveRecvByteBufferAllocator {
        AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 65_536, maximum: readByteLimit)
    }

    private static func connect(
        _ bootstrap: ClientBootstrap,
        _ endpoint: NodeURL.Endpoint
    ) async throws -> any Channel {
        let connected =
            switch endpoint {
            case .tcp(let host, let port): bootstrap.connect(host: host, port: port)
            case .unixSocket(let path): bootstrap.connect(unixDomainSocketPath: path)
            }
        // Connecting itself cannot be cancelled: a cancelled task does not wait for it, and closes what it gives.
        let promise = connected.eventLoop.makePromise(of: (any Channel).self)
        connected.cascade(to: promise)
        return try await withTaskCancellationHandler {
            try await promise.futureResult.get()
        } onCancel: {
            connected.whenSuccess { $0.close(promise: nil) }
            promise.fail(CancellationError())
        }
    }

    /// Finds out why a certificate was refused: the handshake's error does not tell dates.
    private static func explain(_ error: TransportError, _ options: ConnectionOptions) async -> TransportError {
        guard error.code == .tls(.untrusted), let tls = try? tlsContext(options) else { return error }
        let dates = Mutex<CertificateDates?>(nil)
        let probe = try? await open(options) { try tls.makeInspector { found in dates.withLock { $0 = found } } }
        await probe?.close()
        guard let problem = dates.withLock({ $0?.problem(at: Self.hostSeconds()) }) else { return error }
        let reason = problem == .expired ? "has expired" : "is not valid yet (is this host's clock right?)"
        return TransportError(
            .tls(problem),
            "\(options.url.address): the server's certificate \(reason)",
            cause: error.cause
        )
    }

    private static func hostSeconds() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec)
    }

    // MARK: The session

    private func authenticate(_ options: ConnectionOptions) async throws(TransportError) {
        let user = options.effectiveUser
        let password = options.effectivePassword?.exposed ?? ""
        // An ACL user may need no password.
        guard user != nil || !password.isEmpty else { return }
        let credentials: [RESPArgument] = user.map { [.text($0), .text(password)] } ?? [.text(password)]
        guard let error = try await reply(to: ["AUTH"] + credentials).error else { return }
        var failure = TransportError(error, command: "AUTH", address: address)
        // Whatever the server repeats, the password does not get into the message.
        if !password.isEmpty, failure.message.contains(password) || failure.serverText?.contains(password) == true {
            failure.message =
                "\(address) answered AUTH: \(error.prefix) (its text is withheld, as it has the password in it)"
            failure.serverText = nil
        }
        throw failure
    }

    /// PING tells whether the dataset is loaded.
    ///
    /// Other errors are left to the commands that follow: PING may be forbidden, and a server whose last save failed
    /// answers it with MISCONF.
    private func waitUntilLoaded(_ options: ConnectionOptions) async throws(TransportError) {
        let start = ContinuousClock.now
        var hasTold = false
        while true {
            guard let error = try await reply(to: ["PING"]).error else { return }
            let failure = TransportError(error, command: "PING", address: address)
            switch failure.code {
            case .permissionDenied, .serverError: return
            case .loading: break
            default: throw failure
            }
            guard ContinuousClock.now - start < options.loadingPatience else {
                throw TransportError(
                    .loading,
                    "\(address) is still loading its dataset after \(TimeAmount(options.loadingPatience).text); "
                        + "wait until it has, or allow more time",
                    serverText: failure.serverText
                )
            }
            if !hasTold { options.onWait?("\(address) is loading its dataset; waiting") }
            hasTold = true
            do {
                try await Task.sleep(for: min(Self.loadingPollInterval, options.loadingPatience))
            } catch {
                throw .cancelled(address)
            }
        }
    }

    private func select(_ options: ConnectionOptions) async throws(TransportError) {
        guard let database = options.url.database, database > 0 else { return }
        _ = try await command("SELECT", .number(Int64(database)))
    }
}
