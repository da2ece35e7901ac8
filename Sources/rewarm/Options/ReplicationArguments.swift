import ArgumentParser
import Restore

extension RestoreMethod: ExpressibleByArgument {}

extension ListenAddress: ExpressibleByArgument {
    init?(argument: String) {
        self.init(argument)
    }
}

/// By which way a snapshot goes in, and what replication needs for it; options of `restore`.
struct ReplicationArguments: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "commands: one write per key, into any target. replication: the target is told to replicate from here and "
                + "detached again, which is faster; only a single node that is empty or to be flushed.",
            valueName: "method"
        )
    )
    var method = RestoreMethod.commands

    @Option(
        help: ArgumentHelp(
            "With --method replication: where the target comes for its dataset. Default: the address that the target "
                + "is reached from, and a free port.",
            valueName: "host[:port]"
        )
    )
    var listen: ListenAddress?

    @Option(
        name: .customLong("listen-tls-certificate"),
        help: ArgumentHelp(
            "The certificate chain, PEM, to show to a target with tls-replication yes; with --target-tls-ca the "
                + "target has to show one, too.",
            valueName: "file"
        )
    )
    var certificateFile: String?

    @Option(
        name: .customLong("listen-tls-key"),
        help: ArgumentHelp("The private key of that certificate, PEM.", valueName: "file")
    )
    var keyFile: String?

    func validate() throws {
        if (certificateFile == nil) != (keyFile == nil) {
            throw ValidationError("--listen-tls-certificate and --listen-tls-key belong together")
        }
    }

    /// Puts what was chosen into the options of a restore.
    func apply(to options: inout RestoreOptions) {
        options.method = method
        options.listen = listen
        guard let certificateFile, let keyFile else { return }
        options.listenCertificate = ListenCertificate(certificateFile: certificateFile, keyFile: keyFile)
    }
}
