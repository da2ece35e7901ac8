import SnapshotModel

/// What a Memcached target must be for a restore.
extension Preflight {
    /// All findings, refusals first.
    static func itemFindings(
        _ manifest: Manifest,
        _ options: RestoreOptions,
        _ target: TargetFacts,
        _ store: ItemStoreFacts,
        _ estimate: RestoreEstimate
    ) -> [PreflightFinding] {
        refusalsFirst([
            metaCommands(target, store), presentKeys(options, target), flush(options, target, store),
            itemRoom(options, target, estimate), casNotKept(manifest, target, store),
            clocks(manifest, options, target),
        ])
    }

    private static func metaCommands(_ target: TargetFacts, _ store: ItemStoreFacts) -> PreflightFinding? {
        guard !store.knowsMetaCommands else { return nil }
        return .refusal(
            .trialRefused,
            "\(target.address) (memcached \(target.version)) knows no meta commands",
            advice: "restore to Memcached 1.6.10 or newer"
        )
    }

    private static func flush(
        _ options: RestoreOptions,
        _ target: TargetFacts,
        _ store: ItemStoreFacts
    ) -> PreflightFinding? {
        guard options.flushTarget, !store.canFlush else { return nil }
        return .refusal(
            .notPermitted,
            "\(target.address) was started so that it allows no flush_all (-F)",
            advice: "restart it, which empties it, and restore without --flush-target"
        )
    }

    /// A server that evicts takes everything and keeps what fits, the hottest of it; one that does not takes no more when
    /// it is full.
    private static func itemRoom(
        _ options: RestoreOptions,
        _ target: TargetFacts,
        _ estimate: RestoreEstimate
    ) -> PreflightFinding? {
        guard let limit = target.memoryLimit else { return nil }
        let used = options.flushTarget ? 0 : target.usedMemory
        let room = limit > used ? limit - used : 0
        let need =
            "about \(estimate.likelyMemoryByteCount / 1_000_000) MB are needed and \(room / 1_000_000) MB are left of "
            + "its \(limit / 1_000_000) MB"
        let advice = "give it more memory (-m), or restore less with --match"
        guard estimate.likelyMemoryByteCount > room else { return nil }
        let isTooSmall = estimate.leastMemoryByteCount > room && !options.filtersByName && options.existing != .replace
        guard target.evicts else {
            return PreflightFinding(
                isTooSmall ? .tooSmall : .memoryTight,
                isRefusal: isTooSmall,
                "\(target.address) \(isTooSmall ? "is" : "may be") too small, and evicts nothing (-M): " + need,
                advice: advice
            )
        }
        return PreflightFinding(
            isTooSmall ? .evicting : .memoryTight,
            isRefusal: isTooSmall && options.isStrict,
            "\(target.address) \(isTooSmall ? "will" : "may") evict items: " + need,
            advice: advice + "; what was used last comes last and stays, what is evicted is counted, exit code 3"
        )
    }

    private static func casNotKept(
        _ manifest: Manifest,
        _ target: TargetFacts,
        _ store: ItemStoreFacts
    ) -> PreflightFinding? {
        guard manifest.format.engine == .memcached, !(store.takesCAS && store.hasCAS) else { return nil }
        let why =
            store.hasCAS
            ? "(memcached \(target.version)) takes none with an item, and gives its own" : "keeps none (-C)"
        return .warning(
            .casNotKept,
            "items lose their CAS values: \(target.address) \(why)",
            advice: "clients that hold a CAS value of before read the item again; Memcached 1.6.27 and newer keep it"
        )
    }

    /// What of items a Redis or Valkey has no place for.
    static func itemsAsStrings(
        _ manifest: Manifest,
        _ options: RestoreOptions,
        _ target: TargetFacts
    ) -> PreflightFinding? {
        guard manifest.format.engine == .memcached else { return nil }
        return .warning(
            .itemsAsStrings,
            "items of Memcached become strings of \(target.address), without their CAS values"
                + (options.flagsHash == nil ? " and client flags" : ""),
            advice: options.flagsHash.map { "their client flags are kept in the hash \($0)" }
                ?? "keep the client flags in a hash with --flags-hash KEY, if your clients need them"
        )
    }

    /// What of the snapshot has no place in Memcached.
    static func unsupportedItems(
        _ unsupported: UnsupportedCounts,
        _ target: TargetFacts,
        _ engine: Engine
    ) -> PreflightFinding? {
        guard !unsupported.isEmpty else { return nil }
        let remedy =
            engine == .memcached
            ? "or start the server with a larger -I for large values"
            : "leave them out with --type string, or choose one database with --database"
        return .warning(
            .unsupportedTypes,
            "\(target.address) (memcached \(target.version)) cannot hold all of the snapshot: " + unsupported.text,
            advice:
                "they are counted as unsupported, exit code 3; refuse this with --strict, \(remedy)"
        )
    }
}
