/// Counts what a target evicts during a restore, from its own counter, looked at again and again.
///
/// A counter that has become less was set to zero: by `stats reset` of Memcached or CONFIG RESETSTAT, or with the process.
/// What it shows then came since, and what it had shown before is kept.
struct EvictionWatch: Hashable, Sendable {
    private var last: UInt64
    private(set) var total: UInt64 = 0

    /// `count` is what the counter shows when the restore begins.
    init(from count: UInt64) {
        last = count
    }

    mutating func observe(_ count: UInt64) {
        total += count >= last ? count - last : count
        last = count
    }

    /// The target is another process.
    mutating func restart() {
        last = 0
    }
}
