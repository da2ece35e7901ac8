/// Where a node listens and which user and database to take there, as a URL says it.
///
/// `redis://[user[:password]@]host[:port][/db]`, `rediss://` (TLS), `redis+unix://[user[:password]@]/path[?db=N]`, and
/// the same with `valkey`; `memcached://[user@]host[:port]`, `memcacheds://` (TLS) and `memcached+unix:///path`.
/// IPv6 addresses stand in brackets; user, password and path may be percent-encoded.
package struct NodeURL: Hashable, Sendable {
    package enum Endpoint: Hashable, Sendable {
        case tcp(host: String, port: Int)
        case unixSocket(path: String)
    }

    /// Which protocol is spoken there.
    package enum Family: Hashable, Sendable {
        /// Redis, Valkey and what speaks like them.
        case redis
        case memcached

        /// The port where a URL names none.
        package var defaultPort: Int {
            switch self {
            case .redis: 6379
            case .memcached: 11211
            }
        }

        /// The schemes of the URL without TLS, with it, and of a Unix socket.
        package var schemes: (plain: String, tls: String, unixSocket: String) {
            switch self {
            case .redis: ("redis", "rediss", "redis+unix")
            case .memcached: ("memcached", "memcacheds", "memcached+unix")
            }
        }
    }

    package var family: Family
    package var endpoint: Endpoint
    package var usesTLS: Bool
    package var user: String?
    package var password: Secret?
    package var database: UInt32?

    package init(
        family: Family = .redis,
        endpoint: Endpoint,
        usesTLS: Bool = false,
        user: String? = nil,
        password: Secret? = nil,
        database: UInt32? = nil
    ) {
        self.family = family
        self.endpoint = endpoint
        self.usesTLS = usesTLS
        self.user = user
        self.password = password
        self.database = database
    }

    /// `host:port`, `[v6]:port` or the socket's path: no user, no password, no database.
    package var address: String {
        switch endpoint {
        case .tcp(let host, let port): (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
        case .unixSocket(let path): path
        }
    }

    /// The URL without its password.
    package var redacted: String {
        let userText = user.map { $0 + "@" } ?? ""
        switch endpoint {
        case .tcp:
            let scheme = usesTLS ? family.schemes.tls : family.schemes.plain
            return scheme + "://" + userText + address + (database.map { "/\($0)" } ?? "")
        case .unixSocket:
            return family.schemes.unixSocket + "://" + userText + address + (database.map { "?db=\($0)" } ?? "")
        }
    }
}

extension NodeURL: CustomStringConvertible {
    package var description: String { redacted }
}
