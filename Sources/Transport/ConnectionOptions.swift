/// Everything that is needed to connect to a node.
package struct ConnectionOptions: Sendable {
    package var url: NodeURL
    /// The ACL user; else the URL's, else the server's default user.
    package var user: String?
    /// The password; else the URL's.
    package var password: Secret?
    package var tls: TLSOptions
    /// The longest time from the first packet to the end of the TLS handshake.
    package var connectTimeout: Duration
    /// The longest time without a byte while a reply is owed.
    package var replyTimeout: Duration
    /// How long a server that loads its dataset is waited for.
    package var loadingPatience: Duration
    /// Told once, in a sentence, when connecting has to wait for the server.
    package var onWait: (@Sendable (String) -> Void)?

    package init(
        url: NodeURL,
        user: String? = nil,
        password: Secret? = nil,
        tls: TLSOptions = TLSOptions(),
        connectTimeout: Duration = .seconds(10),
        replyTimeout: Duration = .seconds(60),
        loadingPatience: Duration = .seconds(300),
        onWait: (@Sendable (String) -> Void)? = nil
    ) {
        self.url = url
        self.user = user
        self.password = password
        self.tls = tls
        self.connectTimeout = connectTimeout
        self.replyTimeout = replyTimeout
        self.loadingPatience = loadingPatience
        self.onWait = onWait
    }

    package var effectiveUser: String? { user ?? url.user }
    package var effectivePassword: Secret? { password ?? url.password }
}

/// TLS beside the URL's `rediss`.
///
/// Certificates are always verified: there is no option that turns that off.
package struct TLSOptions: Hashable, Sendable {
    /// A PEM file of the authorities to trust instead of the system's.
    package var authorityFile: String?
    /// PEM files of the client's certificate chain and its private key; both or none.
    package var certificateFile: String?
    package var keyFile: String?
    /// The name that the server's certificate must carry, and that is sent as SNI, instead of the URL's host.
    package var serverName: String?

    package init(
        authorityFile: String? = nil,
        certificateFile: String? = nil,
        keyFile: String? = nil,
        serverName: String? = nil
    ) {
        self.authorityFile = authorityFile
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        self.serverName = serverName
    }
}
