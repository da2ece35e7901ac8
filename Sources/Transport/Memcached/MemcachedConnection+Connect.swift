import Memcached
import NIOCore

extension MemcachedConnection {
    /// With spaces, as a server of the binary protocol waits for 24 bytes before it turns a text away.
    private static let versionCommand = ByteBuffer(string: "version                 \r\n")

    /// Connects and sets the connection up: TLS, and authentication (`-Y`) where the server asks for it.
    package static func connect(_ options: ConnectionOptions) async throws(TransportError) -> MemcachedConnection {
        guard options.url.family == .memcached else { throw .otherFamily(options.url) }
        let link: NodeConnection
        do throws(TransportError) {
            link = try await NodeConnection.openSocket(options)
        } catch {
            throw error.inWordsOfMemcached(options.url)
        }
        do throws(TransportError) {
            return try await setUp(link, options)
        } catch {
            await link.close()
            guard error.code == .closed || error.code == .protocolViolation else {
                throw error.inWordsOfMemcached(options.url)
            }
            throw await BinaryProbe.explain(options) ?? error.inWordsOfMemcached(options.url)
        }
    }

    private static func setUp(
        _ link: NodeConnection,
        _ options: ConnectionOptions
    ) async throws(TransportError) -> MemcachedConnection {
        let address = link.address
        let exchange = try await link.openExchange()
        var answer = try await exchange.line(versionCommand, address: address)
        let wantsCredentials = MetaError(line: answer)?.isUnauthenticated == true
        let credentials = try Credentials(options)
        if wantsCredentials {
            guard let credentials else {
                throw TransportError(
                    .authenticationRequired,
                    "\(address) asks for authentication: give a user and a password",
                    serverText: answer
                )
            }
            try await authenticate(exchange, credentials, address: address)
            answer = try await exchange.line(versionCommand, address: address)
        } else if credentials != nil {
            // Sent to a server that asks for none, they would be stored there as an item.
            throw TransportError(
                .authenticationFailed,
                "\(address) asks for no authentication: give no user and no password"
            )
        }
        if answer.hasPrefix("VERSION ") {
            return MemcachedConnection(
                link: link,
                exchange: exchange,
                versionText: String(answer.dropFirst(8)),
                usesTLS: options.url.usesTLS
            )
        }
        if answer.hasPrefix("ERROR Too many") {
            throw TransportError(
                .tooManyClients,
                "\(address): too many connections there; raise its limit (-c), or try again later",
                serverText: answer
            )
        }
        if let error = MetaError(line: answer) { throw TransportError(error, command: "version", address: address) }
        let advice = answer.hasPrefix("-") ? "; it looks like Redis: use redis://" : ""
        throw TransportError(.invalidAddress, "\(address) does not speak Memcached's protocol\(advice)")
    }

    /// A user and a password; both, and no spaces in either, which is all that the protocol can carry.
    private struct Credentials {
        let user: String
        let password: Secret

        init?(_ options: ConnectionOptions) throws(TransportError) {
            let password = options.effectivePassword
            guard options.effectiveUser != nil || password?.exposed.isEmpty == false else { return nil }
            guard let user = options.effectiveUser, let password, !password.exposed.isEmpty else {
                throw .invalidAddress("Memcached's authentication takes a user and a password; give both")
            }
            guard [user, password.exposed].allSatisfy({ $0.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F } }) else {
                throw .invalidAddress("Memcached's authentication takes no spaces in the user or the password")
            }
            self.user = user
            self.password = password
        }
    }

    /// A `set` whose value is user and password; the key is of no matter.
    ///
    /// Source: memcached doc/protocol.txt, "Authentication".
    private static func authenticate(
        _ exchange: ReplyExchange,
        _ credentials: Credentials,
        address: String
    ) async throws(TransportError) {
        let value = credentials.user + " " + credentials.password.exposed
        let command = ByteBuffer(string: "set rewarm 0 0 \(value.utf8.count)\r\n\(value)\r\n")
        let answer = try await exchange.line(command, address: address)
        guard answer != "STORED" else { return }
        throw TransportError(
            .authenticationFailed,
            "\(address) refused the user or the password; check both",
            serverText: answer.hasPrefix("CLIENT_ERROR authentication failure") ? answer : nil
        )
    }
}

/// Finds out why a server closes a connection on which the text protocol was spoken: it speaks the binary one only.
private enum BinaryProbe {
    /// Magic, opcode "no operation", and zeros: a request of 24 bytes (memcached protocol_binary.h).
    ///
    /// Unlike the version it is refused without authentication where SASL is asked for.
    private static let request = [0x80, 0x0A] + [UInt8](repeating: 0, count: 22)
    private static let replyMagic: UInt8 = 0x81
    /// Bytes 6 and 7 of a reply are its status.
    private static let statusOffset = 6
    private static let authenticationStatus: UInt16 = 0x20
    private static let headerByteCount = 24

    /// The error to tell; nil if the server does not speak that protocol either.
    static func explain(_ options: ConnectionOptions) async -> TransportError? {
        guard let link = try? await NodeConnection.openSocket(options) else { return nil }
        let reply = try? await ask(link)
        await link.close()
        let address = options.url.address
        guard let reply, reply.getInteger(at: reply.readerIndex, as: UInt8.self) == replyMagic else { return nil }
        let status = reply.getInteger(at: reply.readerIndex + statusOffset, as: UInt16.self)
        if status == authenticationStatus {
            return TransportError(
                .authenticationRequired,
                "\(address) takes only SASL authentication, over the binary protocol, which Rewarm does not speak; "
                    + "start the server with -Y (a file of users for the text protocol) instead of -S"
            )
        }
        return TransportError(
            .protocolViolation,
            "\(address) speaks only the binary protocol, which has no way to list items; start the server with "
                + "-B auto or -B ascii"
        )
    }

    private static func ask(_ link: NodeConnection) async throws(TransportError) -> ByteBuffer {
        let exchange = try await link.openExchange()
        exchange.send(ByteBuffer(bytes: request))
        var reply = ByteBuffer()
        while reply.readableBytes < headerByteCount {
            var bytes = try await exchange.next()
            reply.writeBuffer(&bytes)
        }
        return reply
    }
}
