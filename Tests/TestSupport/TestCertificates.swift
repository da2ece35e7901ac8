import Foundation

/// A certificate authority of its own with a server's and a client's certificate, made by openssl for one test.
package struct TestCertificates: Sendable {
    /// The name in the server's certificate; 127.0.0.1 is in it, too.
    package static let serverName = "node.rewarm.test"
    package static let defaultNames = "DNS:\(serverName),DNS:localhost,IP:127.0.0.1"

    /// PEM files.
    package let authority: String
    package let serverCertificate: String
    package let serverKey: String
    package let clientCertificate: String
    package let clientKey: String

    /// Writes the files below `directory`, their names beginning with `prefix`.
    package static func make(
        in directory: TemporaryDirectory,
        prefix: String = "",
        names: String = defaultNames
    ) async throws -> Self {
        let certificates = Self(
            authority: directory.path(prefix + "ca.crt"),
            serverCertificate: directory.path(prefix + "server.crt"),
            serverKey: directory.path(prefix + "server.key"),
            clientCertificate: directory.path(prefix + "client.crt"),
            clientKey: directory.path(prefix + "client.key")
        )
        let authorityKey = directory.path(prefix + "ca.key")
        try await openssl(
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
                + ["-subj", "/CN=Rewarm test authority", "-keyout", authorityKey, "-out", certificates.authority]
                + ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"]
        )
        let leaves = [
            (
                certificates.serverKey, certificates.serverCertificate, serverName, "subjectAltName=" + names,
                "serverAuth"
            ),
            (
                certificates.clientKey, certificates.clientCertificate, "client", "subjectAltName=DNS:client",
                "clientAuth"
            ),
        ]
        for (key, certificate, commonName, names, usage) in leaves {
            let request = certificate + ".csr"
            let extensions = certificate + ".ext"
            try Data("\(names)\nextendedKeyUsage=\(usage)\nbasicConstraints=CA:FALSE\n".utf8)
                .write(to: URL(fileURLWithPath: extensions))
            try await openssl(
                ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
                    + ["-subj", "/CN=\(commonName)", "-keyout", key, "-out", request]
            )
            try await openssl(
                ["x509", "-req", "-in", request, "-CA", certificates.authority, "-CAkey", authorityKey]
                    + ["-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", certificate]
            )
        }
        return certificates
    }

    private static func openssl(_ arguments: [String]) async throws {
        guard let program = Subprocess.find("openssl") else { throw TestEnvironmentError.missingProgram("openssl") }
        let result = try await Subprocess.run(program, arguments)
        guard result.exitCode == 0 else { throw TestEnvironmentError.failed("openssl", result.errorText) }
    }
}

/// What the machine lacks, or what would not start.
package enum TestEnvironmentError: Error, Equatable {
    case missingProgram(String)
    case failed(String, String)
}
