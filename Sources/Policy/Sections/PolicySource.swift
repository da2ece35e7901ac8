package import Transport

/// `source:`, the node to back up.
package struct PolicySource: PolicySection {
    /// nil for host and port of the URL.
    package var name: String?
    /// nil where the command gets it from elsewhere.
    package var url: NodeURL?
    /// nil for the one in the URL, if any.
    package var user: String?
    package var passwordFile: String?
    package var tls = TLSOptions()
    package var connectTimeout = Duration.seconds(10)
    /// Whether a key is written there before each capture, to be found again in the archive.
    package var sentinel = false

    package init() {}

    package static let keys: [PolicyKey<Self>] = [
        .init(
            "name",
            \.name,
            .text,
            example: "web",
            standard: "host and port of the URL",
            "The source's name, its identity over failovers: retention, guards and metrics go by it"
        ),
        .init(
            "url",
            \.url,
            .node,
            example: "redis://cache-1:6379",
            "Where the node listens; rediss:// is TLS, redis+unix:// a socket; the same with valkey and memcached"
        ),
        .init("user", \.user, .text, example: "backup", standard: "the one in the URL", "The user to connect as"),
        .init(
            "password-file",
            \.passwordFile,
            .file,
            example: "/etc/rewarm/web.password",
            "A file with the password in its first line"
        ),
        .init(section: "tls", \.tls, "What the system's own trust does not know; only with rediss:// and its like"),
        .init(
            "connect-timeout",
            \.connectTimeout,
            .precise(.milliseconds(1) ... .seconds(3600)),
            example: "10s",
            "How long connecting may take"
        ),
        .init(
            "sentinel",
            \.sentinel,
            .flag,
            example: "true",
            "Write a key that soon expires to the node before each capture, and look for it in the archive"
        ),
    ]

    package var contradictions: [PolicyContradiction] {
        var found: [PolicyContradiction] = []
        if let user, let named = url?.user, named != user {
            found.append(
                .init("user", value: user, "is not the user of the url, '\(named)'", hint: "remove one of both")
            )
        }
        if let url, !url.usesTLS, tls != TLSOptions() {
            found.append(
                .init(
                    "tls",
                    "is given, but the url does not use TLS",
                    hint: "write \(url.family.schemes.tls):// in the url"
                )
            )
        }
        return found
    }
}

extension TLSOptions: PolicySection {
    package init() {
        self.init(authorityFile: nil)
    }

    package static let keys: [PolicyKey<Self>] = [
        .init(
            "ca",
            \.authorityFile,
            .file,
            example: "/etc/rewarm/ca.pem",
            "Trust the authorities of this PEM file instead of the system's"
        ),
        .init(
            "certificate",
            \.certificateFile,
            .file,
            example: "/etc/rewarm/client.pem",
            "The client's certificate chain, PEM"
        ),
        .init(
            "key",
            \.keyFile,
            .file,
            example: "/etc/rewarm/client.key",
            "The private key of the client's certificate, PEM"
        ),
        .init(
            "server-name",
            \.serverName,
            .text,
            example: "cache.example.com",
            standard: "the URL's host",
            "The name in the server's certificate"
        ),
    ]

    package var contradictions: [PolicyContradiction] {
        if certificateFile != nil, keyFile == nil {
            return [.init("certificate", "has no key with it", hint: "add key: FILE")]
        }
        if keyFile != nil, certificateFile == nil {
            return [.init("key", "has no certificate with it", hint: "add certificate: FILE")]
        }
        return []
    }
}
