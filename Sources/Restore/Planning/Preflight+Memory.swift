import SnapshotModel

/// Whether what is to be restored fits, and what the target does once it does not.
extension Preflight {
    /// From here on a target that evicts is close to it, in hundredths of its limit.
    private static let fullFrom: UInt64 = 80

    static func room(
        _ options: RestoreOptions,
        _ target: TargetFacts,
        _ estimate: RestoreEstimate
    ) -> PreflightFinding? {
        guard let limit = target.memoryLimit else { return machine(options, target, estimate) }
        let used = options.flushTarget ? min(target.startupMemory, target.usedMemory) : target.usedMemory
        let room = limit > used ? limit - used : 0
        let isCertain = !options.filtersByName && options.existing != .replace
        let need =
            "about \(megabytes(estimate.likelyMemoryByteCount)) MB are needed and \(megabytes(room)) MB are left "
            + "of maxmemory \(megabytes(limit)) MB"
        let advice = "raise maxmemory, choose a larger target, or restore less with --database, --type or --match"
        if target.evicts, estimate.likelyMemoryByteCount > room {
            let text =
                "\(target.address) evicts (\(target.evictionPolicy ?? "")) and would throw away what was loaded: "
            return PreflightFinding(.evicting, isRefusal: isCertain, text + need, advice: advice)
        }
        if estimate.leastMemoryByteCount > room {
            return PreflightFinding(
                .tooSmall,
                isRefusal: isCertain,
                "\(target.address) is too small: " + need,
                advice: advice
            )
        }
        guard estimate.likelyMemoryByteCount > room else { return nil }
        return .warning(.memoryTight, "\(target.address) may be too small: " + need, advice: advice)
    }

    private static func megabytes(_ byteCount: UInt64) -> UInt64 {
        byteCount / 1_000_000
    }

    /// Without maxmemory the machine is the limit; what else runs there is not known.
    private static func machine(
        _ options: RestoreOptions,
        _ target: TargetFacts,
        _ estimate: RestoreEstimate
    ) -> PreflightFinding? {
        let used = options.flushTarget ? min(target.startupMemory, target.usedMemory) : target.usedMemory
        guard let memory = target.systemMemory, used + estimate.likelyMemoryByteCount > memory else { return nil }
        return .warning(
            .memoryTight,
            "\(target.address) has no maxmemory, and its machine \(megabytes(memory)) MB: about "
                + "\(megabytes(estimate.likelyMemoryByteCount)) MB are needed beside \(megabytes(used)) MB in use",
            advice: "choose a larger machine, or restore less with --database, --type or --match"
        )
    }

    /// A target that takes all of it, and then soon throws keys away.
    static func evictingLater(
        _ options: RestoreOptions,
        _ target: TargetFacts,
        _ estimate: RestoreEstimate
    ) -> PreflightFinding? {
        guard target.evicts, let limit = target.memoryLimit, let policy = target.evictionPolicy else { return nil }
        let used = options.flushTarget ? min(target.startupMemory, target.usedMemory) : target.usedMemory
        let after = used + estimate.likelyMemoryByteCount
        guard after <= limit, after > limit / 100 * fullFrom else { return nil }
        return .warning(
            .evictingSoon,
            "\(target.address) evicts (\(policy)) and will be \(after * 100 / max(1, limit)) % full",
            advice: "raise maxmemory (\(megabytes(limit)) MB) before clients write to it"
        )
    }
}
