import SnapshotModel

// What only matters where the target is to replicate from here: a full synchronisation replaces all that it holds, keys
// and functions, and what it cannot load it may die of.

extension Preflight {
    /// The findings that replication has beside, or instead of, those of commands.
    static func replicationFindings(
        manifest: Manifest,
        options: RestoreOptions,
        target: TargetFacts
    ) -> [PreflightFinding?] {
        [
            clusterNode(target), forbidden(target), attachedReplicas(target), contents(options, target),
            functions(options, target),
            moduleAuxiliary(manifest, target),
            encryption(options, target), disk(target),
        ]
    }

    private static func clusterNode(_ target: TargetFacts) -> PreflightFinding? {
        guard target.isClusterNode else { return nil }
        return .refusal(
            .clusterNode,
            "\(target.address) is a node of a cluster, which cannot be told to replicate from here",
            advice: "restore with --method commands"
        )
    }

    private static func forbidden(_ target: TargetFacts) -> PreflightFinding? {
        guard !target.canReplicate else { return nil }
        return .refusal(
            .replicationForbidden,
            "\(target.address) (\(target.version)) knows no REPLICAOF, as managed services and servers before 5.0",
            advice: "restore with --method commands"
        )
    }

    private static func attachedReplicas(_ target: TargetFacts) -> PreflightFinding? {
        guard target.connectedReplicaCount > 0 else { return nil }
        return .refusal(
            .replicasAttached,
            "\(target.address) has \(target.connectedReplicaCount) replicas, which would lose their data with it",
            advice: "detach them for the restore, or restore with --method commands"
        )
    }

    private static func contents(_ options: RestoreOptions, _ target: TargetFacts) -> PreflightFinding? {
        guard target.keyCount > 0, !options.flushTarget else { return nil }
        return .refusal(
            .notEmpty,
            "\(target.address) holds \(Figures.counted(target.keyCount, "key")), which a replication would replace",
            advice: "empty it with --flush-target, or restore with --method commands"
        )
    }

    private static func functions(_ options: RestoreOptions, _ target: TargetFacts) -> PreflightFinding? {
        guard let present = target.functionLibraryCount, present > 0, !options.flushTarget else { return nil }
        return .refusal(
            .functionsPresent,
            "\(target.address) holds \(present) function libraries, which a replication would replace",
            advice: "remove them with --flush-target, or restore with --method commands"
        )
    }

    /// Auxiliary data of modules goes along only this way.
    private static func moduleAuxiliary(_ manifest: Manifest, _ target: TargetFacts) -> PreflightFinding? {
        guard manifest.statistics.moduleAuxiliaryCount > 0, target.moduleNames == [] else { return nil }
        return .refusal(
            .missingModules,
            "the snapshot has auxiliary data of modules, and \(target.address) has loaded none",
            advice: "load the source's modules there, or restore with --method commands, which leaves such data out"
        )
    }

    private static func encryption(_ options: RestoreOptions, _ target: TargetFacts) -> PreflightFinding? {
        switch (target.usesTLSForReplication, options.listenCertificate) {
        case (true, nil):
            .refusal(
                .encryptedReplication,
                "\(target.address) replicates by TLS (tls-replication yes), and there is no certificate to show it",
                advice:
                    "give one that its tls-ca-cert-file trusts with --listen-tls-certificate and --listen-tls-key, or "
                    + "restore with --method commands"
            )
        case (false, .some):
            .refusal(
                .encryptedReplication,
                "\(target.address) does not replicate by TLS (tls-replication no), and would not understand "
                    + "--listen-tls-certificate",
                advice: "leave that out, or set tls-replication yes on the target"
            )
        default: nil
        }
    }

    private static func disk(_ target: TargetFacts) -> PreflightFinding? {
        guard target.disklessLoad == nil else { return nil }
        return .warning(
            .loadsFromDisk,
            "\(target.address) does not tell or know repl-diskless-load: it writes the stream to its disk, then loads it",
            advice: "see that there is room for the whole dataset beside its dump file"
        )
    }
}
