/// Where the temperature tiers of an archive end: fixed from a sample of the source's keys before the first record.
package struct AccessTierBounds: Codable, Hashable, Sendable {
    /// What the source's maxmemory policy keeps of a key's last use.
    package enum Basis: String, Codable, Hashable, Sendable {
        /// Seconds since the last access (an LRU policy).
        case idle
        /// The logarithmic access counter (an LFU policy).
        case frequency
    }

    /// The shares of the sample's weight, in percent, at which a tier ends; what is behind the last is the coldest.
    package static let sharesOfWeight: [UInt64] = [50, 80, 95]
    /// Tiers at most.
    package static let tierLimit = sharesOfWeight.count + 1

    package var basis: Basis
    package var weight: AccessWeight
    /// For each tier but the coldest the coldest value that belongs to it: seconds at most, ascending, or counters at
    /// least, descending.
    ///
    /// Empty where the sample's keys do not differ.
    package var bounds: [UInt64]
    /// Keys that were asked for their last use.
    package var sampledKeyCount: Int

    package init(basis: Basis, weight: AccessWeight, bounds: [UInt64], sampledKeyCount: Int) {
        self.basis = basis
        self.weight = weight
        self.bounds = bounds
        self.sampledKeyCount = sampledKeyCount
    }

    /// The bounds at which the hottest keys of the sample make up the shares of its weight; `values` are seconds of
    /// idle time or counters.
    ///
    /// A share that ends at the same value as the one before makes no tier, nor does one that takes the whole sample.
    package init(basis: Basis, weight: AccessWeight, sample values: [UInt64]) {
        let hottestFirst = values.sorted { basis == .idle ? $0 < $1 : $0 > $1 }
        let weights = hottestFirst.map { UInt64(weight.weight(of: basis.access($0))) }
        let total = weights.reduce(0, +)
        var bounds: [UInt64] = []
        var sum: UInt64 = 0
        for (value, weight) in zip(hottestFirst, weights) {
            // Bounds that this key's weight carries the sum over.
            let passed = Self.sharesOfWeight.contains { sum * 100 < total * $0 && (sum + weight) * 100 >= total * $0 }
            if passed, bounds.last != value { bounds.append(value) }
            sum += weight
        }
        if let coldest = hottestFirst.last, bounds.last == coldest { bounds.removeLast() }
        self.init(basis: basis, weight: weight, bounds: bounds, sampledKeyCount: values.count)
    }

    /// At least 1, at most `tierLimit`.
    package var tierCount: Int { bounds.count + 1 }

    /// The tier of a key, 0 the hottest; one of which nothing is known is cold.
    ///
    /// An idle time goes on while nobody uses the key: `delay` is how many seconds after the sample it was told.
    @inline(__always)
    package func tier(of access: AccessData, toldAfter delay: UInt64 = 0) -> Int {
        switch (access, basis) {
        case (.idle(let seconds), .idle):
            bounds.firstIndex { seconds <= $0 + delay } ?? bounds.count
        case (.frequency(let counter), .frequency): bounds.firstIndex { UInt64(counter) >= $0 } ?? bounds.count
        default: bounds.count
        }
    }
}

extension AccessTierBounds.Basis {
    /// What INFO calls `maxmemory_policy`; nil for a policy that keeps nothing of the last use.
    package init?(policy: String?) {
        switch policy?.split(separator: "-").last {
        case "lru": self = .idle
        case "lfu": self = .frequency
        default: return nil
        }
    }

    fileprivate func access(_ value: UInt64) -> AccessData {
        switch self {
        case .idle: .idle(seconds: value)
        case .frequency: .frequency(UInt8(clamping: value))
        }
    }
}
