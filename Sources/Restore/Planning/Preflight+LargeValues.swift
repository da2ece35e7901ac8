import SnapshotModel

/// What concerns values that are large, and those that are built piece by piece.
extension Preflight {
    static func leftovers(_ target: TargetFacts) -> PreflightFinding? {
        let count = target.leftovers.places.count
        guard count > 0 else { return nil }
        return .warning(
            .leftovers,
            "\(target.address) holds \(Figures.counted(UInt64(count), "temporary key")) of restores that were "
                + "interrupted (rewarm:{...}:...)",
            advice: "nothing to do: they are removed before the first write"
        )
    }

    /// While a value is restored the target has it twice: as the command that it reads, and as what it makes of it.
    static func largeValue(
        _ manifest: Manifest,
        _ options: RestoreOptions,
        _ target: TargetFacts,
        _ estimate: RestoreEstimate
    ) -> PreflightFinding? {
        guard let limit = target.memoryLimit else { return nil }
        // What is larger goes in pieces.
        let largest = manifest.statistics.largestBodyByteCount
        guard largest >= smallestLargeValue, largest <= UInt64(target.largestArgumentByteCount) else { return nil }
        let used = options.flushTarget ? target.startupMemory : target.usedMemory
        let room = limit - min(limit, used)
        guard estimate.likelyMemoryByteCount <= room, estimate.likelyMemoryByteCount + largest > room else {
            return nil
        }
        return .warning(
            .largeValue,
            "\(target.address) may run out of memory at the largest value of the snapshot (\(largest / 1_000_000) MB), "
                + "which it holds twice while it is restored",
            advice: "raise maxmemory by as much for the time of the restore, or lower the target's proto-max-bulk-len "
                + "so that the value goes in pieces"
        )
    }

    /// Smaller ones do not matter, in bytes.
    private static let smallestLargeValue: UInt64 = 16 << 20
}
