package import Memcached

extension TransportError {
    /// The error that an error reply of Memcached means; `command` is its name, without arguments.
    package init(_ error: MetaError, command: String, address: String) {
        if error.isUnauthenticated {
            self.init(
                .authenticationRequired,
                "\(address) asks for authentication: give a user and a password",
                serverText: error.text
            )
        } else {
            let prefix = error.text.prefix { $0 != " " }
            self.init(
                .serverError(prefix: String(prefix)),
                "\(address) answered \(command): \(error.text)",
                serverText: error.text
            )
        }
    }

    /// The same error with Memcached's schemes and options where the text names those of Redis.
    func inWordsOfMemcached(_ url: NodeURL) -> Self {
        var error = self
        let address = url.address
        switch code {
        case .tls(.serverSpeaksNoTLS):
            error.message = "\(address) does not speak TLS; use memcached:// instead of memcacheds://"
        case .tls(.serverWantsTLS):
            error.message = "\(address) speaks TLS; use memcacheds:// instead of memcached://"
        case .closed where message.contains("rediss://"):
            error.message =
                "\(address) closed the connection before it sent anything; if it speaks TLS, use memcacheds://; its "
                + "limit of connections (-c) may be reached"
        default: break
        }
        return error
    }
}
