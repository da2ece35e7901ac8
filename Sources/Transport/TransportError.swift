import RESP

/// An error between Rewarm and a node.
///
/// The message says what failed, at which address, and what to do.
package struct TransportError: Error, Sendable {
    package enum Code: Hashable, Sendable {
        /// The URL or an option is wrong.
        case invalidAddress
        /// The host's name does not resolve.
        case unknownHost
        /// Nothing listens there.
        case refused
        /// Any other failure to reach the address.
        case unreachable
        /// No connection, or no byte of an owed reply, in time.
        case timedOut
        /// The connection ended while it was needed.
        case closed
        case tls(TLSProblem)
        /// Wrong user or password (WRONGPASS), or no password where one is needed (NOAUTH).
        case authenticationFailed
        case authenticationRequired
        /// NOPERM; `missingPermission` of the error names the rule where the server told it.
        case permissionDenied
        /// The server accepts only local connections (`-DENIED`).
        case protectedMode
        case tooManyClients
        /// The server was still loading when patience ended, or a command met it loading.
        case loading
        /// The bytes received are no replies, or not those that must come here.
        case protocolViolation
        /// Any other error reply, with its first word (`ERR`, `OOM`, `READONLY`, `MOVED`…).
        case serverError(prefix: String)
        /// The server refuses to be replicated, now or at all.
        case replicationRefused
        /// The replica transfer ended before its end.
        case transferCut
        /// The replica transfer gave no byte in time.
        case transferStalled
        /// The task was cancelled.
        case cancelled
    }

    package enum TLSProblem: Hashable, Sendable {
        case untrusted
        case wrongName
        case expired
        case notYetValid
        /// What answers there speaks no TLS.
        case serverSpeaksNoTLS
        /// The server speaks TLS and the URL does not.
        case serverWantsTLS
        /// The server wants a client certificate, or refused ours.
        case clientCertificateRefused
        /// A certificate or key file of ours cannot be used.
        case configuration
        case other
    }

    package var code: Code
    package var message: String
    /// The error reply without repeated arguments, where there was one.
    package var serverText: String?
    /// The ACL rule that is missing, such as `+psync`, where the server told it.
    package var missingPermission: String?
    package var cause: (any Error)?

    package init(
        _ code: Code,
        _ message: String,
        serverText: String? = nil,
        missingPermission: String? = nil,
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.serverText = serverText
        self.missingPermission = missingPermission
        self.cause = cause
    }

    static func invalidAddress(_ message: String) -> Self { Self(.invalidAddress, message) }

    /// The URL is one of a server that speaks another protocol than what is to be done there needs.
    package static func otherFamily(_ url: NodeURL) -> Self {
        let name = url.family == .memcached ? "Memcached" : "Redis or Valkey"
        return invalidAddress("\(url.redacted) is an address of \(name), and this is for the other family of servers")
    }
}

extension TransportError {
    /// What an operator can do about it; exit codes follow it.
    package enum Category: Hashable, Sendable {
        case usage
        /// A file of ours: a certificate or a key.
        case unusableFile
        case credentials
        case unreachable
        case refusedByServer
        case cancelled
    }

    package var category: Category {
        switch code {
        case .invalidAddress: .usage
        case .tls(.configuration): .unusableFile
        case .authenticationFailed, .authenticationRequired, .permissionDenied, .tls(.clientCertificateRefused):
            .credentials
        case .serverError: .refusedByServer
        case .cancelled: .cancelled
        default: .unreachable
        }
    }

    /// The server knows no command of that name, or it was renamed away.
    package var isUnknownCommand: Bool {
        serverText.map { RESPErrorReply($0).isUnknownCommand } ?? false
    }
}

extension TransportError: CustomStringConvertible {
    package var description: String { message }
}
