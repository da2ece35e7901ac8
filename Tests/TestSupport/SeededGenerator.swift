import Foundation

/// SplitMix64: a small generator whose whole run follows from one seed, so that a failure can be repeated.
///
/// Source of the constants: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014).
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    /// What the run began with: print it with every failure.
    package let seed: UInt64
    private var state: UInt64

    package init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    /// The seed of this run: `REWARM_TEST_SEED` if it is set, else `fallback`.
    ///
    /// The seed is printed, so that the run of a failure can be repeated from the log.
    package static func fromEnvironment(_ purpose: String, fallback: UInt64) -> Self {
        let seed = ProcessInfo.processInfo.environment["REWARM_TEST_SEED"].flatMap { UInt64($0) } ?? fallback
        print("seed of \(purpose): \(seed) (REWARM_TEST_SEED=\(seed) repeats it)")
        return Self(seed: seed)
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// `count` random bytes.
    package mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    /// True in about `percent` of 100 calls.
    package mutating func chance(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &self) < percent
    }
}
