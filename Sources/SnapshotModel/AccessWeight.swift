/// How many of a source's recent accesses a key stands for, told from what the source kept of its last use.
///
/// The unit differs between the two kinds of access data, and no snapshot has both. Formulas and their reasons stand in
/// the article "Hot keys first".
package struct AccessWeight: Codable, Hashable, Sendable {
    /// `lfu-log-factor` as servers come.
    package static let standardLogFactor = 10
    /// The counter that a new key begins with (`LFU_INIT_VAL`, redis:src/server.h).
    private static let initialCounter: UInt64 = 5
    /// Added to idle times, in seconds: a key that was used this minute counts no more than twice another one.
    private static let idleMinute: UInt64 = 60
    /// The weight of a key is 32 bits wide, that of a billion keys 64.
    private static let idleUnit: UInt64 = 1 << 36
    /// Beyond this a single counter step would stand for more accesses than a weight can hold.
    private static let logFactors = 0...10_000

    /// The source's `lfu-log-factor`.
    package var logFactor: Int

    package init(logFactor: Int = Self.standardLogFactor) {
        self.logFactor = logFactor
    }

    /// 0 where nothing is known, or nothing was counted for long.
    @inline(__always)
    package func weight(of access: AccessData) -> UInt32 {
        switch access {
        case .none: return 0
        case .idle(let seconds): return UInt32(Self.idleUnit / (min(seconds, Self.idleUnit) + Self.idleMinute))
        case .frequency(let counter): return weight(ofCounter: UInt64(counter))
        }
    }

    /// In fifths of an access: those that it takes on average to raise a counter from 5, and the write that made the key.
    ///
    /// A counter is raised from `c` with the probability `1 / ((c - 5) * factor + 1)` (LFULogIncr, redis:src/evict.c).
    /// Below 5, where it has only been lowered by time, each step is a fifth.
    private func weight(ofCounter counter: UInt64) -> UInt32 {
        guard counter > Self.initialCounter else { return UInt32(counter) }
        let steps = counter - Self.initialCounter
        let factor = UInt64(min(max(logFactor, Self.logFactors.lowerBound), Self.logFactors.upperBound))
        return UInt32(clamping: 5 * (1 + steps + factor * (steps * (steps - 1) / 2)))
    }
}
