import ArgumentParser
import Operations
import Policy

/// What goes before a policy: the options of `snapshot` that a policy has a key for, and the environment.
struct PolicyOverrideOptions: ParsableArguments, Sendable {
    @Option(help: ArgumentHelp("The repository. Default: $REWARM_REPOSITORY.", valueName: "directory"))
    var repository: String?

    @Option(help: ArgumentHelp("The node to read.", valueName: "url"))
    var source: NodeURLArgument?

    @Option(name: .customLong("source-name"), help: ArgumentHelp("The source's name.", valueName: "name"))
    var sourceName: String?

    @Option(
        name: .customLong("source-password-file"),
        help: ArgumentHelp("A file with the source's password. Default: $REWARM_SOURCE_PASSWORD.", valueName: "file")
    )
    var passwordFile: String?

    @Option(name: .customLong("source-tls-ca"), help: ArgumentHelp("Authorities to trust, PEM.", valueName: "file"))
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
        help: ArgumentHelp("The name in the server's certificate.", valueName: "name")
    )
    var serverName: String?

    @Option(
        name: .customLong("source-connect-timeout"),
        help: ArgumentHelp("How long connecting may take.", valueName: "duration")
    )
    var connectTimeout: DurationArgument?

    @Option(help: ArgumentHelp("auto, replication or scan.", valueName: "method"))
    var method: String?

    @Option(help: ArgumentHelp("Of a replication: diskless or disk.", valueName: "way"))
    var transfer: String?

    @Option(name: .customLong("scan-rate"), help: ArgumentHelp("Keys per second in a scan.", valueName: "keys"))
    var scanRate: String?

    @Option(help: ArgumentHelp("zlib[:1-9], zstd[:1-19] or none.", valueName: "codec"))
    var codec: String?

    @Option(name: .customLong("tag"), help: ArgumentHelp("A label more; repeatable.", valueName: "k=v"))
    var tags: [TagArgument] = []

    @Option(
        name: .customLong("lock-timeout"),
        help: ArgumentHelp("Wait so long for a lock that somebody else holds.", valueName: "duration")
    )
    var lockTimeout: DurationArgument?

    /// Options first: of two for the same key the first counts.
    func overrides(_ directories: UserDirectories) -> [PolicyOverride] {
        let options: [(keyPath: String, text: String?, name: String)] = [
            ("repository", repository, "--repository"),
            ("source.url", source?.text, "--source"),
            ("source.name", sourceName, "--source-name"),
            ("source.password-file", passwordFile, "--source-password-file"),
            ("source.tls.ca", authorityFile, "--source-tls-ca"),
            ("source.tls.certificate", certificateFile, "--source-tls-certificate"),
            ("source.tls.key", keyFile, "--source-tls-key"),
            ("source.tls.server-name", serverName, "--source-tls-server-name"),
            ("source.connect-timeout", connectTimeout?.text, "--source-connect-timeout"),
            ("capture.method", method, "--method"),
            ("capture.transfer", transfer, "--transfer"),
            ("capture.scan-rate", scanRate, "--scan-rate"),
            ("archive.codec", codec, "--codec"),
            ("lock-timeout", lockTimeout?.text, "--lock-timeout"),
        ]
        var overrides = options.compactMap { option in
            option.text.map { PolicyOverride(option.keyPath, text: $0, from: .option(option.name)) }
        }
        if !tags.isEmpty {
            let labels = Dictionary(tags.map { ($0.name, $0.value) }) { $1 }
            overrides.append(PolicyOverride("archive.tags", adding: labels, from: .option("--tag")))
        }
        if let path = directories.environment("REWARM_REPOSITORY"), !path.isEmpty {
            overrides.append(PolicyOverride("repository", text: path, from: .environment("REWARM_REPOSITORY")))
        }
        if let password = directories.environment("REWARM_SOURCE_PASSWORD"), !password.isEmpty {
            overrides.append(PolicyOverride(passwordIn: "REWARM_SOURCE_PASSWORD", insteadOf: "source.password-file"))
        }
        return overrides
    }
}

extension DurationArgument {
    /// As a policy writes it.
    fileprivate var text: String { "\(duration.milliseconds)ms" }
}
