import SnapshotModel

/// The temperature tiers of a snapshot, which a restore loads hottest first.
enum AccessTierRendering {
    /// A table, or the reason why there is none.
    static func lines(_ statistics: SnapshotStatistics) -> [String] {
        guard let access = statistics.accessTiers else { return [reason(statistics)] }
        guard access.tiers.count > 1 else {
            return [
                "one tier: \(Figures.counted(UInt64(access.bounds.sampledKeyCount), "sampled key")) did not differ in use"
            ]
        }
        var table = TextTable([
            ("tier", .right), ("used", .left), ("keys", .right), ("bytes", .right), ("blocks", .right),
            ("accesses", .right),
        ])
        for (index, tier) in access.tiers.enumerated() {
            table.add([
                String(index), range(index, access.bounds), Figures.count(tier.keyCount),
                Figures.bytes(tier.bodyByteCount), Figures.count(tier.blockCount),
                share(tier, of: access).map { Figures.fixed($0 * 100, digits: 1) + " %" } ?? "",
            ])
        }
        return table.text.split(separator: "\n").map { String($0) }
    }

    static func json(_ access: AccessTiers) -> JSONObject {
        [
            "basis": .string(access.bounds.basis.rawValue),
            "lfuLogFactor": .count(access.bounds.weight.logFactor),
            "sampledKeyCount": .count(access.bounds.sampledKeyCount),
            "tiers": .array(
                access.tiers.enumerated().map { index, tier in
                    .object([
                        "tier": .count(index),
                        "bound": index < access.bounds.bounds.count ? .unsigned(access.bounds.bounds[index]) : .null,
                        "keyCount": .unsigned(tier.keyCount),
                        "bodyByteCount": .unsigned(tier.bodyByteCount),
                        "blockCount": .unsigned(tier.blockCount),
                        "accessShare": share(tier, of: access).map { .number($0) } ?? .null,
                    ])
                }
            ),
        ]
    }

    private static func reason(_ statistics: SnapshotStatistics) -> String {
        if statistics.idleKeyCount + statistics.frequencyKeyCount > 0 {
            return "one tier: the order of use was not known when the blocks were written"
        }
        if statistics.keyCount == 0 { return "none: it has no keys" }
        return "one tier: the source kept no access data (it does so under an LRU or LFU maxmemory policy)"
    }

    /// "within 35 s", "counter 120 and more".
    private static func range(_ index: Int, _ bounds: AccessTierBounds) -> String {
        let last = bounds.bounds.last ?? 0
        switch (bounds.basis, index < bounds.bounds.count) {
        case (.idle, true): return "within " + age(bounds.bounds[index])
        case (.idle, false): return "longer ago than " + age(last)
        case (.frequency, true): return "counter \(bounds.bounds[index]) and more"
        case (.frequency, false): return "counter below \(last)"
        }
    }

    private static func age(_ seconds: UInt64) -> String {
        Figures.duration(milliseconds: Int64(clamping: seconds).multipliedReportingOverflow(by: 1000).partialValue)
    }

    private static func share(_ tier: AccessTiers.Tier, of access: AccessTiers) -> Double? {
        access.weight > 0 ? Double(tier.weight) / Double(access.weight) : nil
    }
}
