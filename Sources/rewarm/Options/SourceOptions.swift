import ArgumentParser
import Operations
import Transport

/// The node to read, and how to get in there.
struct SourceOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "The node to read: redis://[user@]host:port[/db], rediss:// (TLS), redis+unix:///path, or valkey.",
            valueName: "url"
        )
    )
    var source: NodeURLArgument

    @Option(
        name: .customLong("source-password-file"),
        help: ArgumentHelp(
            "A file with the source's password in its first line. Default: $REWARM_SOURCE_PASSWORD.",
            valueName: "file"
        )
    )
    var passwordFile: String?

    @Option(
        name: .customLong("source-tls-ca"),
        help: ArgumentHelp("Trust the authorities of this PEM file instead of the system's.", valueName: "file")
    )
    var authorityFile: String?

    @Option(
        name: .customLong("source-tls-certificate"),
        help: ArgumentHelp("The client's certificate chain, PEM.", valueName: "file")
    )
    var certificateFile: String?

    @Option(
        name: .customLong("source-tls-key"),
        help: ArgumentHelp("The private key of the client's certificate, PEM.", valueName: "file")
    )
    var keyFile: String?

    @Option(
        name: .customLong("source-tls-server-name"),
        help: ArgumentHelp("The name in the server's certificate, if it is not the URL's host.", valueName: "name")
    )
    var serverName: String?

    @Option(
        name: .customLong("source-connect-timeout"),
        help: ArgumentHelp("How long connecting may take.", valueName: "duration")
    )
    var connectTimeout = DurationArgument(.seconds(10))

    func validate() throws {
        if (certificateFile == nil) != (keyFile == nil) {
            throw ValidationError("--source-tls-certificate and --source-tls-key belong together")
        }
    }

    func connectionOptions(_ console: Console) throws -> ConnectionOptions {
        try NodeConnectionSettings(
            role: "source",
            url: source.url(),
            passwordFile: passwordFile,
            tls: TLSOptions(
                authorityFile: authorityFile,
                certificateFile: certificateFile,
                keyFile: keyFile,
                serverName: serverName
            ),
            connectTimeout: connectTimeout.duration
        ).connectionOptions(console)
    }
}
