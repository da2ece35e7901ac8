/// Where a node listens and which user and database to take there, as a URL says it.
///
/// `redis://[user[:password]@]host[:port][/db]`, `rediss://` (TLS), `redis+unix://[user[:password]@]/path[?db=N]`, and
/// the same with `valkey`. IPv6 addresses stand in brackets; user, password and path may be percent-encoded.
package struct NodeURL: Hashable, Sendable {
    package enum Endpoint: Hashable, Sendable {
        case tcp(host: String, port: Int)
        case unixSocket(path: String)
    }

    /// The port of Redis and Valkey where a URL names none.
    package static let defaultPort = 6379

    package var endpoint: Endpoint
    package var usesTLS: Bool
    package var user: String?
    package var password: Secret?
    package var database: UInt32?

    package init(
        endpoint: Endpoint,
        usesTLS: Bool = false,
        user: String? = nil,
        password: Secret? = nil,
        database: UInt32? = nil
    ) {
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
            return (usesTLS ? "rediss://" : "redis://") + userText + address + (database.map { "/\($0)" } ?? "")
        case .unixSocket:
            return "redis+unix://" + userText + address + (database.map { "?db=\($0)" } ?? "")
        }
    }
}

extension NodeURL: CustomStringConvertible {
    package var description: String { redacted }
}
