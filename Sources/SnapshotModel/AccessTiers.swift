/// The temperature tiers of a part or a snapshot, and what is in them.
package struct AccessTiers: Codable, Hashable, Sendable {
    /// Counts of one tier over the live keys.
    package struct Tier: Codable, Hashable, Sendable {
        package var keyCount: UInt64
        /// Bytes of the payload bodies, before compression.
        package var bodyByteCount: UInt64
        /// Blocks of records.
        package var blockCount: UInt64
        /// The sum of the keys' weights, see ``AccessWeight``; readings that a later one superseded are counted in.
        package var weight: UInt64

        package init(keyCount: UInt64 = 0, bodyByteCount: UInt64 = 0, blockCount: UInt64 = 0, weight: UInt64 = 0) {
            self.keyCount = keyCount
            self.bodyByteCount = bodyByteCount
            self.blockCount = blockCount
            self.weight = weight
        }
    }

    /// Of the first part.
    package var bounds: AccessTierBounds
    /// The hottest first.
    package var tiers: [Tier]

    package init(bounds: AccessTierBounds) {
        self.bounds = bounds
        tiers = Array(repeating: Tier(), count: bounds.tierCount)
    }

    package var weight: UInt64 { tiers.reduce(0) { $0 &+ $1.weight } }

    /// Adds the counts of another part: tiers of the same number are equally early, though not equally warm.
    package mutating func add(_ other: Self) {
        while tiers.count < other.tiers.count { tiers.append(Tier()) }
        for (index, tier) in other.tiers.enumerated() {
            tiers[index].keyCount += tier.keyCount
            tiers[index].bodyByteCount += tier.bodyByteCount
            tiers[index].blockCount += tier.blockCount
            tiers[index].weight &+= tier.weight
        }
    }
}
