import NIOCore
import NIOSSL

/// The TLS side of a listener: what it shows to those who connect, and what it asks of them.
package struct ListenerTLS: Hashable, Sendable {
    /// PEM files of the certificate chain and its private key.
    package var certificateFile: String
    package var keyFile: String
    /// Who connects must show a certificate of these authorities, PEM, as a primary with `tls-auth-clients yes` demands.
    ///
    /// nil asks for none.
    package var authorityFile: String?

    package init(certificateFile: String, keyFile: String, authorityFile: String? = nil) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        self.authorityFile = authorityFile
    }

    /// Reads the files; an error names the file.
    func makeContext() throws(TransportError) -> NIOSSLContext {
        let chain = try TLSContext.load(certificateFile, "a certificate") {
            try NIOSSLCertificate.fromPEMFile(certificateFile)
        }
        let key = try TLSContext.load(keyFile, "a private key") { try NIOSSLPrivateKey(file: keyFile, format: .pem) }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        configuration.shutdownTimeout = TLSContext.shutdownTimeout
        if let authorityFile {
            let authorities = try TLSContext.load(authorityFile, "CA certificates") {
                try NIOSSLCertificate.fromPEMFile(authorityFile)
            }
            configuration.trustRoots = .certificates(authorities)
            // A replica's certificate names no host that could be compared.
            configuration.certificateVerification = .noHostnameVerification
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw TransportError(.tls(.configuration), "TLS cannot be set up: \(error)", cause: error)
        }
    }
}
