import ArgumentParser
import Operations
import Policy
import Transport

/// What goes before a policy, and stands alone without one: the options of `snapshot` that a policy has a key for, and the
/// environment.
struct PolicyOverrideOptions: ParsableArguments, Sendable {
    @OptionGroup(title: "Source") var source: SourceOverrides
    @OptionGroup(title: "Capture") var capture: CaptureOverrides
    @OptionGroup(title: "Archive") var archive: ArchiveOverrides
    @OptionGroup(title: "Repository") var repository: RepositoryOverrides

    /// Options first: of two for the same key the first counts.
    func overrides(_ directories: UserDirectories) -> [PolicyOverride] {
        var overrides = [source.texts, capture.texts, archive.texts, repository.texts].joined().compactMap { option in
            option.text.map { PolicyOverride(option.keyPath, text: $0, from: .option(option.name)) }
        }
        if !archive.tags.isEmpty {
            let labels = Dictionary(archive.tags.map { ($0.name, $0.value) }) { $1 }
            overrides.append(PolicyOverride("archive.tags", adding: labels, from: .option("--tag")))
        }
        if let path = directories.environment("REWARM_REPOSITORY"), !path.isEmpty {
            overrides.append(PolicyOverride("repository", text: path, from: .environment("REWARM_REPOSITORY")))
        }
        if let password = directories.environment("REWARM_SOURCE_PASSWORD"), !password.isEmpty {
            overrides.append(PolicyOverride(sourcePasswordIn: "REWARM_SOURCE_PASSWORD"))
        }
        return overrides
    }

    /// The policy with all of that in the place of what it says.
    func applied(to policy: PolicyFile) throws(OperationError) -> PolicyFile {
        do throws(PolicyProblem) {
            return try EffectivePolicy(policy, overrides: overrides(.current)).policy
        } catch {
            throw OperationError(.usage, error.message)
        }
    }
}

/// An option's place in a policy, what was given, and how it is called.
typealias PolicyOptionText = (keyPath: String, text: String?, name: String)

/// The node to read, and how to get in there.
struct SourceOverrides: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "The node to read: redis://[user@]host:port, rediss:// (TLS), redis+unix:///path, or valkey.",
            valueName: "url"
        )
    )
    var source: NodeURLArgument?

    @Option(
        name: .customLong("source-name"),
        help: ArgumentHelp("The source's name, its identity over failovers. Default: host:port.", valueName: "name")
    )
    var sourceName: String?

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
        help: ArgumentHelp("How long connecting may take. Default: 10s.", valueName: "duration")
    )
    var connectTimeout: DurationArgument?

    var texts: [PolicyOptionText] {
        [
            ("source.url", source?.text, "--source"),
            ("source.name", sourceName, "--source-name"),
            ("source.password-file", passwordFile, "--source-password-file"),
            ("source.tls.ca", authorityFile, "--source-tls-ca"),
            ("source.tls.certificate", certificateFile, "--source-tls-certificate"),
            ("source.tls.key", keyFile, "--source-tls-key"),
            ("source.tls.server-name", serverName, "--source-tls-server-name"),
            ("source.connect-timeout", connectTimeout?.text, "--source-connect-timeout"),
        ]
    }

    /// How to connect to the source of a policy that these options were applied to.
    ///
    /// An option's password file goes before the environment's password, that before the policy's file.
    func connectionOptions(
        _ policy: PolicyFile,
        _ console: Console,
        directories: UserDirectories = .current
    ) throws -> ConnectionOptions {
        guard let url = policy.source.url else {
            throw OperationError(.usage, "no source was named", hint: "give --source, or the policy's source: {url: …}")
        }
        let hasPassword = directories.environment("REWARM_SOURCE_PASSWORD")?.isEmpty == false
        var options = try NodeConnectionSettings(
            role: "source",
            url: url,
            passwordFile: passwordFile ?? (hasPassword ? nil : policy.source.passwordFile),
            tls: policy.source.tls,
            connectTimeout: policy.source.connectTimeout
        ).connectionOptions(console, directories: directories)
        options.user = policy.source.user
        return options
    }
}

/// How the source is read.
struct CaptureOverrides: ParsableArguments, Sendable {
    @Option(help: ArgumentHelp("auto, replication or scan. Default: auto.", valueName: "method"))
    var method: String?

    @Option(
        help: ArgumentHelp(
            "Of a replication: diskless streams at once; disk has the source save to its own disk first, so that "
                + "the length is known and a slow reader holds no process of it. Default: diskless.",
            valueName: "way"
        )
    )
    var transfer: String?

    @Option(
        name: .customLong("scan-rate"),
        help: ArgumentHelp("Read at most so many keys per second in a scan.", valueName: "keys")
    )
    var scanRate: String?

    var texts: [PolicyOptionText] {
        [
            ("capture.method", method, "--method"),
            ("capture.transfer", transfer, "--transfer"),
            ("capture.scan-rate", scanRate, "--scan-rate"),
        ]
    }
}

/// How the snapshot is stored and labelled.
struct ArchiveOverrides: ParsableArguments, Sendable {
    @Option(help: ArgumentHelp("zlib[:1-9|auto], zstd[:1-19|auto] or none. Default: zlib:1.", valueName: "codec"))
    var codec: String?

    @Option(
        name: .customLong("tag"),
        help: ArgumentHelp("Label the snapshot, beside the policy's labels; repeatable.", valueName: "k=v")
    )
    var tags: [TagArgument] = []

    var texts: [PolicyOptionText] { [("archive.codec", codec, "--codec")] }
}

/// Where the snapshot goes, and how long to wait for it.
struct RepositoryOverrides: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "The repository. Default: $REWARM_REPOSITORY, else the policy's, else below the XDG data home.",
            valueName: "directory"
        )
    )
    var repository: String?

    @Option(
        name: .customLong("lock-timeout"),
        help: ArgumentHelp(
            "Wait so long for a lock that somebody else holds. Default: 0s.",
            valueName: "duration"
        )
    )
    var lockTimeout: DurationArgument?

    var texts: [PolicyOptionText] {
        [
            ("repository", repository, "--repository"),
            ("lock-timeout", lockTimeout?.text, "--lock-timeout"),
        ]
    }
}

extension DurationArgument {
    /// As a policy writes it.
    fileprivate var text: String { "\(duration.milliseconds)ms" }
}
