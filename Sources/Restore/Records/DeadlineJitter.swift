import ArchiveFormat
package import SnapshotModel

/// How much of each remaining life is taken away, so that keys that were loaded together do not expire together:
/// `--ttl-jitter`.
///
/// ```
/// shortening = percent / 100 * u,  u in [0, 1) from the snapshot's id, the key and its database
/// ```
/// Nothing is drawn: the same key of the same snapshot is shortened by the same share in every run, so a restore that
/// is resumed goes on as it began.
package struct DeadlineJitter: Hashable, Sendable {
    /// What `--ttl-jitter` takes, in percent.
    package static let percents = 0...100

    private let percent: Double
    private let seed: UInt64

    package init(percent: Int, seed: UInt64) {
        self.percent = Double(percent)
        self.seed = seed
    }

    package init(percent: Int, snapshot: SnapshotID) {
        var text = snapshot.text
        self.init(percent: percent, seed: text.withUTF8 { KeyHash.hash(database: 0, key: UnsafeRawBufferPointer($0)) })
    }

    /// The share of its life that a key loses: at least 0, less than 1.
    ///
    /// The fields of a hash lose the share of their key, so that they keep their order.
    package func shortening(database: UInt32, key: UnsafeRawBufferPointer) -> Double {
        // The finaliser of SplitMix64 over hash and seed; the upper 53 bits are what a Double holds exactly.
        var mixed = KeyHash.hash(database: database, key: key) &+ seed
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        return Double(mixed >> 11) * 0x1p-53 * percent / 100
    }
}
