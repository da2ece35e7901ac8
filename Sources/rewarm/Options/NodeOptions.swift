import ArgumentParser
import Operations
import Transport

/// A node's URL as it was given; it may hold a password, so the parser must never print it.
///
/// It is therefore taken as it is and parsed by the command: the parser's own errors would repeat the text.
struct NodeURLArgument: ExpressibleByArgument, Hashable, Sendable {
    /// May hold a password.
    let text: String

    init?(argument: String) {
        text = argument
    }

    /// The fault is told without the text.
    func url() throws(OperationError) -> NodeURL {
        do {
            return try NodeURL(text)
        } catch {
            throw OperationError(describing: error)
        }
    }

    var defaultValueDescription: String { "" }
}

/// What `--source-…` and `--target-…` say about a connection, whichever of both it is.
struct NodeConnectionSettings {
    /// "source" or "target".
    let role: String
    let url: NodeURL
    let passwordFile: String?
    let tls: TLSOptions
    let connectTimeout: Duration

    /// Joins URL, password and TLS files; says when a password stands where others can read it.
    func connectionOptions(_ console: Console, directories: UserDirectories = .current) throws -> ConnectionOptions {
        let variable = "REWARM_\(role.uppercased())_PASSWORD"
        if url.password != nil {
            console.notify(
                OperationNotice(
                    .warning,
                    "the password in the \(role)'s URL is visible in the list of processes and in the shell's history; "
                        + "put it into \(variable) or --\(role)-password-file"
                )
            )
        }
        if !url.usesTLS, tls != TLSOptions() {
            throw OperationError(
                .usage,
                "TLS files were given for \(url.redacted), which does not use TLS",
                hint: "write \(url.family.schemes.tls):// instead of \(url.family.schemes.plain)://"
            )
        }
        var password: Secret?
        if let passwordFile {
            password = try PasswordFile.read(passwordFile)
        } else if let text = directories.environment(variable), !text.isEmpty {
            password = Secret(text)
        }
        return ConnectionOptions(
            url: url,
            password: password,
            tls: tls,
            connectTimeout: connectTimeout,
            onWait: { console.notify(OperationNotice(.notice, $0)) }
        )
    }
}
