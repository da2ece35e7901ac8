import ArgumentParser
import Operations
import Transport

/// The node to write to, and how to get in there.
struct TargetOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "The node to write to: redis://[user@]host:port, rediss:// (TLS), redis+unix:///path, or valkey; "
                + "memcached:// the same.",
            valueName: "url"
        )
    )
    var target: NodeURLArgument

    @OptionGroup var access: TargetAccessOptions

    func connectionOptions(_ console: Console) throws -> ConnectionOptions {
        try access.connectionOptions(to: target, console)
    }
}

/// How to get into a target; its URL is the command's own affair.
struct TargetAccessOptions: ParsableArguments, Sendable {
    @Option(
        name: .customLong("target-password-file"),
        help: ArgumentHelp(
            "A file with the target's password in its first line. Default: $REWARM_TARGET_PASSWORD.",
            valueName: "file"
        )
    )
    var passwordFile: String?

    @Option(
        name: .customLong("target-tls-ca"),
        help: ArgumentHelp("Trust the authorities of this PEM file instead of the system's.", valueName: "file")
    )
    var authorityFile: String?

    @Option(
        name: .customLong("target-tls-certificate"),
        help: ArgumentHelp("The client's certificate chain, PEM.", valueName: "file")
    )
    var certificateFile: String?

    @Option(
        name: .customLong("target-tls-key"),
        help: ArgumentHelp("The private key of the client's certificate, PEM.", valueName: "file")
    )
    var keyFile: String?

    @Option(
        name: .customLong("target-tls-server-name"),
        help: ArgumentHelp("The name in the server's certificate, if it is not the URL's host.", valueName: "name")
    )
    var serverName: String?

    @Option(
        name: .customLong("target-connect-timeout"),
        help: ArgumentHelp("How long connecting may take.", valueName: "duration")
    )
    var connectTimeout = DurationArgument(.seconds(10))

    func validate() throws {
        if (certificateFile == nil) != (keyFile == nil) {
            throw ValidationError("--target-tls-certificate and --target-tls-key belong together")
        }
    }

    func connectionOptions(to target: NodeURLArgument, _ console: Console) throws -> ConnectionOptions {
        try connectionOptions(to: target.url(), console)
    }

    func connectionOptions(to url: NodeURL, _ console: Console) throws -> ConnectionOptions {
        try NodeConnectionSettings(
            role: "target",
            url: url,
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
