import NIOCore
import NIOSSL

/// The TLS side of a connection, made once from the options.
struct TLSContext: Sendable {
    /// How long the end of a session is waited for.
    static let shutdownTimeout = TimeAmount.milliseconds(200)

    private let context: NIOSSLContext
    /// The name to verify and to send; nil where the host is an IP address, which is verified as such.
    ///
    /// A certificate that carries the address that was connected to is accepted, too: NIOSSL compares with both.
    private let serverName: String?

    /// Reads the certificate files; an error names the file.
    init(_ options: TLSOptions, host: String) throws(TransportError) {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .fullVerification
        // Not every server answers the end of a session.
        configuration.shutdownTimeout = Self.shutdownTimeout
        if let file = options.authorityFile {
            let certificates = try Self.load(file, "CA certificates") { try NIOSSLCertificate.fromPEMFile(file) }
            configuration.trustRoots = .certificates(certificates)
        }
        switch (options.certificateFile, options.keyFile) {
        case (let certificateFile?, let keyFile?):
            let chain = try Self.load(certificateFile, "a client certificate") {
                try NIOSSLCertificate.fromPEMFile(certificateFile)
            }
            configuration.certificateChain = chain.map { .certificate($0) }
            let key = try Self.load(keyFile, "a private key") { try NIOSSLPrivateKey(file: keyFile, format: .pem) }
            configuration.privateKey = .privateKey(key)
        case (nil, nil): break
        default:
            throw TransportError(
                .tls(.configuration),
                "a client certificate needs both its certificate file and its key"
            )
        }
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw TransportError(.tls(.configuration), "TLS cannot be set up: \(error)", cause: error)
        }
        let name = options.serverName ?? host
        serverName = Self.isIPAddress(name) ? nil : name
    }

    /// Reads a PEM file; an error names it.
    static func load<Value>(
        _ file: String,
        _ what: String,
        _ body: () throws -> Value
    ) throws(TransportError)
        -> Value
    {
        do {
            return try body()
        } catch {
            throw TransportError(
                .tls(.configuration),
                "\(file) cannot be read as \(what) in PEM form: \(error)",
                cause: error
            )
        }
    }

    private static func isIPAddress(_ name: String) -> Bool {
        (try? SocketAddress(ipAddress: name, port: 0)) != nil
    }

    func makeHandler() throws -> NIOSSLClientHandler {
        try NIOSSLClientHandler(context: context, serverHostname: serverName)
    }

    /// A handler that looks at the server's certificates and then always ends the handshake: it finds out why
    /// verification failed, and nothing is ever sent through it.
    func makeInspector(_ found: @escaping @Sendable (CertificateDates) -> Void) throws -> NIOSSLClientHandler {
        try NIOSSLClientHandler(
            context: context,
            serverHostname: serverName,
            customVerificationCallback: { certificates, promise in
                if let leaf = certificates.first {
                    found(CertificateDates(notBefore: Int64(leaf.notValidBefore), notAfter: Int64(leaf.notValidAfter)))
                }
                promise.succeed(.failed)
            }
        )
    }
}

/// When a certificate is valid, in seconds since 1970.
struct CertificateDates: Equatable, Sendable {
    let notBefore: Int64
    let notAfter: Int64

    /// The problem at `seconds`; nil if the certificate is valid then.
    func problem(at seconds: Int64) -> TransportError.TLSProblem? {
        seconds > notAfter ? .expired : seconds < notBefore ? .notYetValid : nil
    }
}
