import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

// What the socket layer and TLS report, said in an operator's words.

extension TransportError {
    /// An error of connecting to `address`.
    init(connectError error: any Error, address: String) {
        switch error {
        case let error as TransportError: self = error
        case is CancellationError: self = .cancelled(address)
        case let error as NIOConnectionError: self.init(connectionError: error, address: address)
        case let error as SocketAddressError where error == .unixDomainSocketPathTooLong:
            self.init(.invalidAddress, "\(address): the path of a Unix socket may have at most 107 bytes")
        default: self.init(channelError: error, address: address)
        }
    }

    private init(connectionError error: NIOConnectionError, address: String) {
        // Each address of the host was tried; a refusal tells most.
        let attempts = error.connectionErrors.map { Self(channelError: $0.error, address: address) }
        if let best = attempts.first(where: { $0.code == .refused }) ?? attempts.first {
            self = best
        } else {
            self.init(
                .unknownHost,
                "\(address): the host name does not resolve; check the spelling and DNS",
                cause: error
            )
        }
    }

    /// An error that a channel reported.
    init(channelError error: any Error, address: String) {
        switch error {
        case let error as TransportError: self = error
        case let error as IOError: self.init(systemError: error, address: address)
        case ChannelError.connectTimeout(let time):
            self.init(.timedOut, "\(address) did not accept a connection within \(time.text)", cause: error)
        case ChannelError.ioOnClosedChannel, ChannelError.alreadyClosed, ChannelError.eof, ChannelError.outputClosed,
            NIOSSLError.uncleanShutdown:
            self.init(.closed, "\(address) closed the connection", cause: error)
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            self.init(tlsError: error, address: address)
        default: self.init(.unreachable, "\(address): \(error)", cause: error)
        }
    }

    /// An address that cannot be listened on.
    init(listeningOn address: String, _ error: any Error) {
        let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
        self.init(.invalidAddress, "cannot listen on \(address): \(reason)", cause: error)
    }

    private init(systemError error: IOError, address: String) {
        let reason = String(cString: strerror(error.errnoCode))
        switch error.errnoCode {
        case ECONNREFUSED:
            self.init(.refused, "\(address) refused the connection; is the server running there?", cause: error)
        case ETIMEDOUT: self.init(.timedOut, "\(address) did not answer in time", cause: error)
        case ECONNRESET, EPIPE: self.init(.closed, "\(address) closed the connection (\(reason))", cause: error)
        case ENOENT:
            self.init(.unreachable, "\(address): there is no such socket; is the server running?", cause: error)
        case EACCES, EPERM:
            self.init(.unreachable, "\(address): \(reason); may this user write to the socket?", cause: error)
        default: self.init(.unreachable, "\(address): \(reason)", cause: error)
        }
    }

    private init(tlsError error: any Error, address: String) {
        let text = String(describing: error)
        func contains(_ parts: String...) -> Bool { parts.contains { text.contains($0) } }
        if contains("failedToValidateHostname", "unableToValidateCertificate") {
            self.init(
                .tls(.wrongName),
                "\(address): the server's certificate is for another name; name it with the TLS server name option",
                cause: error
            )
        } else if contains("CERTIFICATE_VERIFY_FAILED") {
            self.init(
                .tls(.untrusted),
                "\(address): the server's certificate is not signed by a trusted authority; name its CA file",
                cause: error
            )
        } else if contains("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNEXPECTED_RECORD") {
            self = .serverSpeaksNoTLS(address, cause: error)
        } else if contains("ALERT_CERTIFICATE", "ALERT_BAD_CERTIFICATE", "ALERT_UNKNOWN_CA", "CERTIFICATE_REQUIRED") {
            self.init(
                .tls(.clientCertificateRefused),
                "\(address) wants a client certificate that it trusts; name certificate and key files",
                cause: error
            )
        } else {
            self.init(.tls(.other), "\(address): TLS failed: \(text)", cause: error)
        }
    }

    static func serverSpeaksNoTLS(_ address: String, cause: any Error) -> Self {
        Self(.tls(.serverSpeaksNoTLS), "\(address) does not speak TLS; use redis:// instead of rediss://", cause: cause)
    }

    static func serverWantsTLS(_ address: String) -> Self {
        Self(.tls(.serverWantsTLS), "\(address) speaks TLS; use rediss:// instead of redis://")
    }
}
