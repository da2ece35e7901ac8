import RDB
package import SnapshotModel
import Transport

/// Judges a target before the first write.
///
/// Pure: facts in, findings out.
package enum Preflight {
    /// A difference of clocks is told from here on, beside what the measurements are uncertain by.
    private static let toleratedClockDifferenceMilliseconds: Int64 = 500

    /// All findings, refusals first.
    package static func findings(
        manifest: Manifest,
        options: RestoreOptions,
        target: TargetFacts,
        estimate: RestoreEstimate
    ) -> [PreflightFinding] {
        if let store = target.itemStore { return itemFindings(manifest, options, target, store, estimate) }
        let planned = PlannedContents(manifest, options)
        let found: [PreflightFinding?] =
            switch options.method {
            case .commands:
                [
                    permissions(manifest, options, target), role(options, target), cluster(manifest, target),
                    loading(target),
                    presentKeys(options, target), functions(manifest, options, target),
                    payloads(target), databases(target),
                    trial(manifest, target), room(options, target, estimate), replicas(target),
                    clocks(manifest, options, target), moduleAuxiliary(manifest), leftovers(target),
                    largeValue(manifest, options, target, estimate), modules(planned, options, target),
                    evictingLater(options, target, estimate), itemsAsStrings(manifest, options, target),
                ]
            case .replication:
                [
                    permissions(manifest, options, target), role(options, target), loading(target),
                    databases(target),
                ]
                    + replicationFindings(manifest: manifest, options: options, target: target)
                    + [
                        room(options, target, estimate), clocks(manifest, options, target),
                        modules(planned, options, target), evictingLater(options, target, estimate),
                    ]
            }
        return refusalsFirst(found)
    }

    static func refusalsFirst(_ found: [PreflightFinding?]) -> [PreflightFinding] {
        let findings = found.compactMap { $0 }
        return findings.filter(\.isRefusal) + findings.filter { !$0.isRefusal }
    }

    private static func permissions(
        _ manifest: Manifest,
        _ options: RestoreOptions,
        _ target: TargetFacts
    ) -> PreflightFinding? {
        let needsFunctions = manifest.statistics.functionLibraryCount > 0 && RecordFilter.wantsFunctions(options)
        // What writes keys and libraries is needed by commands alone.
        let writing: Set = ["+set", "+restore"]
        let rules = target.missingPermissions.filter { rule in
            let isOfFunctions = rule.hasPrefix("+function")
            return options.method == .replication
                ? !isOfFunctions && !writing.contains(rule) : needsFunctions || !isOfFunctions
        }.joined(separator: " ")
        guard !rules.isEmpty else { return nil }
        return .refusal(
            .notPermitted,
            "\(target.address): the user lacks the permission \(rules)",
            advice: "grant it with ACL SETUSER <user> \(rules)"
        )
    }

    private static func role(_ options: RestoreOptions, _ target: TargetFacts) -> PreflightFinding? {
        if let left = target.attachment { return attached(left, options, target) }
        guard target.isReplica else { return nil }
        return .refusal(
            .replica,
            "\(target.address) is a replica and would refuse or lose the writes",
            advice: "restore to its primary, or detach it first with REPLICAOF NO ONE"
                + (target.isPrimaryLinkUp
                    ? "" : " (its primary does not answer: so it is after a restore by replication that was killed)")
        )
    }

    /// A target that a run by replication of this user and host has told to replicate from there.
    private static func attached(
        _ left: Attachment,
        _ options: RestoreOptions,
        _ target: TargetFacts
    ) -> PreflightFinding {
        if target.isAttachedByLiveRun {
            return .refusal(
                .stillAttached,
                "\(target.address) is being restored from snapshot \(left.snapshot) by process \(left.processID)",
                advice: "wait until that is done"
            )
        }
        guard target.isReplica else {
            return .warning(
                .settingLeft,
                "a restore of snapshot \(left.snapshot) by replication was killed (process \(left.processID)), and left "
                    + "what it had changed at \(target.address)",
                advice: left.disklessLoad.map { "repl-diskless-load is put back to \($0) first" }
                    ?? "it is undone first"
            )
        }
        let what =
            "\(target.address) still replicates from \(left.primary), as a restore of snapshot \(left.snapshot) that "
            + "was killed told it (process \(left.processID)); its data may be incomplete"
        guard target.isDetachable(options) else {
            return .refusal(
                .stillAttached,
                what,
                advice: "run the restore again with --flush-target, which detaches it first; or " + left.remedy
            )
        }
        return .warning(.stillAttached, what, advice: "it is detached and emptied first")
    }

    /// A node of a cluster takes keys of its own slots alone: those of the snapshot must be among them.
    private static func cluster(_ manifest: Manifest, _ target: TargetFacts) -> PreflightFinding? {
        guard target.isClusterNode, !target.isLoading else { return nil }
        guard let own = target.slotRanges else {
            return .refusal(
                .clusterNode,
                "\(target.address) is a node of a cluster and does not tell its slots",
                advice: "allow the user CLUSTER NODES, or restore to a node with cluster-enabled no"
            )
        }
        let all: [UInt16] = [0, UInt16(ShardDescriptor.clusterSlotCount - 1)]
        let needed = manifest.shards.allSatisfy(\.slotRanges.isEmpty) ? [all] : manifest.shards.flatMap(\.slotRanges)
        guard !ShardDescriptor.contains(own, needed) else { return nil }
        let isAlone = target.clusterShardCount <= 1
        return .refusal(
            .clusterNode,
            isAlone
                ? "\(target.address) is a node of a cluster that does not serve slots \(ShardDescriptor.slotText(needed))"
                : "\(target.address) is one of \(target.clusterShardCount) shards of a cluster and has slots "
                    + "\(ShardDescriptor.slotText(own)); the snapshot has keys of \(ShardDescriptor.slotText(needed)), and "
                    + "the other shards' would be refused with MOVED",
            advice: isAlone
                ? "give it the slots with CLUSTER ADDSLOTSRANGE, or restore to a node with cluster-enabled no"
                : "restore to a node that has all of these slots, or to one with cluster-enabled no"
        )
    }

    private static func loading(_ target: TargetFacts) -> PreflightFinding? {
        guard target.isLoading else { return nil }
        return .refusal(
            .loading,
            "\(target.address) is still loading its own dataset",
            advice: "wait until INFO persistence says loading:0, then run the restore again"
        )
    }

    static func presentKeys(_ options: RestoreOptions, _ target: TargetFacts) -> PreflightFinding? {
        guard target.usersKeyCount > 0, options.refusesKeys, !options.flushTarget else { return nil }
        return .refusal(
            .notEmpty,
            "\(target.address) holds \(Figures.counted(target.usersKeyCount, "key"))",
            advice: "empty it with --flush-target, or say with --existing skip or --existing replace what becomes of "
                + "keys that exist"
        )
    }

    private static func functions(
        _ manifest: Manifest,
        _ options: RestoreOptions,
        _ target: TargetFacts
    ) -> PreflightFinding? {
        guard manifest.statistics.functionLibraryCount > 0, RecordFilter.wantsFunctions(options) else { return nil }
        guard let present = target.functionLibraryCount else {
            return .warning(
                .noFunctions,
                "\(target.address) (\(target.version)) knows no functions: "
                    + "\(manifest.statistics.functionLibraryCount) libraries of the snapshot stay out",
                advice: "restore to Redis 7.0, Valkey 7.2 or newer to have them"
            )
        }
        guard present > 0, options.refusesKeys, !options.flushTarget else { return nil }
        return .refusal(
            .functionsPresent,
            "\(target.address) holds \(present) function \(present == 1 ? "library" : "libraries")",
            advice: "remove them with --flush-target, or say with --existing skip or --existing replace what becomes "
                + "of libraries that exist"
        )
    }

    private static func olderVersion(
        _ manifest: Manifest,
        _ target: TargetFacts,
        _ what: String
    ) -> PreflightFinding {
        .refusal(
            .olderRDBVersion,
            "\(target.address) (\(target.engine.rawValue) \(target.version)) \(what); the snapshot is RDB version "
                + "\(manifest.format.rdbVersion) of \(manifest.source.engine.rawValue) "
                + manifest.source.serverVersion,
            advice: loaders(of: manifest.format)
        )
    }

    private static func databases(_ target: TargetFacts) -> PreflightFinding? {
        guard !target.missingDatabases.isEmpty else { return nil }
        let names = target.missingDatabases.sorted().map(String.init).joined(separator: ", ")
        return .refusal(
            .missingDatabase,
            "\(target.address) has no database \(names)",
            advice: target.isClusterNode
                ? "a node of a cluster has database 0 alone: restore the databases one by one with --database SRC:0"
                : "raise 'databases' in its configuration, or map with --database SRC:DST"
        )
    }

    /// The words of the trial write that has nothing to store.
    private static func trial(_ manifest: Manifest, _ target: TargetFacts) -> PreflightFinding? {
        guard let error = target.trialError else { return nil }
        switch error.prefix(while: { $0 != " " }) {
        case "NOREPLICAS":
            return .refusal(
                .noReplicas,
                "\(target.address) takes no writes because too few replicas are attached (min-replicas-to-write)",
                advice: "attach replicas, or set min-replicas-to-write to 0 for the restore"
            )
        case "MISCONF":
            return .refusal(
                .misconfigured,
                "\(target.address) takes no writes because its last save failed (stop-writes-on-bgsave-error)",
                advice: "make BGSAVE work again (disk space, permissions), or set stop-writes-on-bgsave-error to no"
            )
        case "OOM":
            return .refusal(
                .outOfMemory,
                "\(target.address) has no memory left for a write",
                advice: "raise maxmemory, or empty it with --flush-target"
            )
        case "NOPERM": return target.missingPermissions.isEmpty ? refused(target, error) : nil
        case "READONLY": return target.isReplica ? nil : readOnly(target)
        case "CLUSTERDOWN" where target.isClusterNode:
            return cluster(manifest, target) == nil ? clusterDown(target, error) : nil
        case "MOVED" where target.isClusterNode: return cluster(manifest, target) == nil ? refused(target, error) : nil
        default:
            guard error.contains("payload version or checksum") || error.contains("foreign data type") else {
                return refused(target, error)
            }
            return olderVersion(manifest, target, "refuses payloads of every version")
        }
    }

    private static func clusterDown(_ target: TargetFacts, _ error: String) -> PreflightFinding {
        .refusal(
            .clusterNode,
            "the cluster of \(target.address) is down: \(error)",
            advice: "wait until CLUSTER INFO says cluster_state:ok, then run the restore again"
        )
    }

    private static func readOnly(_ target: TargetFacts) -> PreflightFinding {
        .refusal(
            .replica,
            "\(target.address) answers READONLY: it has become a replica",
            advice: "restore to the present primary"
        )
    }

    private static func refused(_ target: TargetFacts, _ error: String) -> PreflightFinding {
        .refusal(
            .trialRefused,
            "\(target.address) (\(target.engine.rawValue) \(target.version)) refuses RESTORE with ABSTTL: \(error)",
            advice: "restore to Redis 5.0 or newer, where the user may call RESTORE"
        )
    }

    /// Without payloads every value goes by the commands of its type.
    private static func payloads(_ target: TargetFacts) -> PreflightFinding? {
        guard !target.takesPayloads else { return nil }
        return .warning(
            .noPayloads,
            "\(target.address) (\(target.engine.rawValue) \(target.version)) has no RESTORE with ABSTTL: values are "
                + "written by the commands of their types, which is slower, and values of modules stay out",
            advice: "where RESTORE was renamed away, give it its name back for the restore"
        )
    }

    private static func replicas(_ target: TargetFacts) -> PreflightFinding? {
        guard target.connectedReplicaCount > 0 else { return nil }
        return .warning(
            .replicasAttached,
            "\(target.address) has \(target.connectedReplicaCount) replicas; a fast restore may overrun their output "
                + "buffers and make them synchronise anew",
            advice: "raise client-output-buffer-limit replica, or slow down with --rate"
        )
    }

    /// The target's clock against the source's, each measured against its host's.
    ///
    /// Deadlines are compared with the target's clock, so a difference shortens or lengthens every life by as much.
    static func clocks(
        _ manifest: Manifest,
        _ options: RestoreOptions,
        _ target: TargetFacts
    ) -> PreflightFinding? {
        guard options.deadlineMode == .deadline, manifest.statistics.expiringKeyCount > 0 else { return nil }
        let source = manifest.clocks ?? ClockComparison(differenceMilliseconds: 0, uncertaintyMilliseconds: 0)
        let difference = target.clocks.differenceMilliseconds - source.differenceMilliseconds
        var uncertainty = target.clocks.uncertaintyMilliseconds + source.uncertaintyMilliseconds
        // Memcached's clock ticks once a second, and begins anywhere within one.
        if target.itemStore != nil { uncertainty += 1000 }
        guard difference.magnitude > UInt64(toleratedClockDifferenceMilliseconds + uncertainty) else { return nil }
        let sourceText = manifest.clocks.map { "\($0.differenceMilliseconds) ms" } ?? "unknown"
        return .warning(
            .clockDifference,
            "the clock of \(target.address) differs from the source's by \(difference) ms (against this host: target "
                + "\(target.clocks.differenceMilliseconds) ms, source \(sourceText)); keys expire by the target's clock",
            advice: "set the clocks by NTP, or use --ttl remaining"
        )
    }

    private static func moduleAuxiliary(_ manifest: Manifest) -> PreflightFinding? {
        guard manifest.statistics.moduleAuxiliaryCount > 0 else { return nil }
        return .warning(
            .moduleAuxiliary,
            "\(manifest.statistics.moduleAuxiliaryCount) records are auxiliary data of modules, which no command restores",
            advice: "the modules' keys are restored; export the snapshot as an RDB file to have the auxiliary data too"
        )
    }
}
