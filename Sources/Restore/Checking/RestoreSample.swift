import ByteCoding
import NIOCore
import RDB
import SnapshotModel

/// A seeded sample of the keys that were stored, to be read back afterwards.
///
/// ```
/// rank = mix(seed, block, ordinal); the keys with the lowest ranks are the sample
/// ```
/// So the same seed chooses the same keys, however the work was divided, and every key has the same chance.
struct RestoreSample: Sendable {
    /// One key and what is to be found there.
    struct Entry: Hashable, Sendable {
        var rank: UInt64
        /// The unit of the restore that it belongs to; set by the sample.
        var unit = 0
        var database: UInt32
        var key: ByteBuffer
        /// Of the value, by the sample's scope; nil where only presence and deadline are compared.
        var fingerprint: ValueFingerprint?
        /// nil for none.
        var deadline: UnixMilliseconds?
        /// When the key may be gone because its last field is; nil for never.
        var fieldEnd: UnixMilliseconds?
    }

    /// Keys that are read back.
    static let targetCount = 1000
    /// Values above this are compared by presence and deadline only: decoding takes a multiple of it in memory.
    static let largestComparedByteCount = 256 << 10
    /// Longer keys are not chosen.
    static let largestKeyByteCount = 64 << 10

    /// Hashes with a field that lives shorter than this are compared by presence and deadline only.
    static let fieldLifeMilliseconds: Int64 = 3_600_000

    private let seed: UInt64
    /// In which the values are fingerprinted.
    let scope: ValueFingerprinter.Scope
    /// A heap: the highest rank first.
    private var heap: [Entry] = []

    init(seed: UInt64, secret: SipHasher.Secret = .random()) {
        self.seed = seed
        scope = Self.scope(secret)
        heap.reserveCapacity(Self.targetCount)
    }

    /// What fingerprints of a sample have in common: values that went by the commands of their type have no delivery
    /// times that could be relied on.
    static func scope(_ secret: SipHasher.Secret) -> ValueFingerprinter.Scope {
        ValueFingerprinter.Scope(secret: secret, comparesDeliveryTimes: false)
    }

    /// What a value is to be known by; nil of one that cannot be decoded, such as a module's.
    static func fingerprint(_ value: RDBValue, _ scope: ValueFingerprinter.Scope) -> ValueFingerprint? {
        if case .opaque = value { return nil }
        var fingerprint = ValueFingerprinter(value, scope: scope).finish()
        // What every version of the type tells; counters that only newer ones know are left out.
        fingerprint.streamCounters = nil
        return fingerprint
    }

    /// The unit that is being taken: keys that come into the sample belong to it.
    var unit = 0

    /// In no particular order.
    var entries: [Entry] { heap }

    /// Those of a run of units.
    func entries(of units: Range<Int>) -> [Entry] {
        heap.filter { units.contains($0.unit) }
    }

    /// Takes back every key of a unit and of those after it.
    mutating func removeAll(from unit: Int) {
        let kept = heap.filter { $0.unit < unit }
        heap = []
        for entry in kept { push(entry) }
    }

    /// SplitMix64's mixing of the place; its steps are bijective, so two records hardly ever share a rank.
    @inline(__always)
    func rank(part: Int, block: UInt32, ordinal: UInt32) -> UInt64 {
        var mixed = seed &+ UInt64(block) << 32 &+ UInt64(ordinal) &+ UInt64(part) &* 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Whether a key of this rank would be in the sample now.
    @inline(__always)
    func wants(_ rank: UInt64, keyByteCount: Int) -> Bool {
        guard keyByteCount <= Self.largestKeyByteCount else { return false }
        guard heap.count == Self.targetCount, let highest = heap.first else { return true }
        return rank < highest.rank
    }

    mutating func insert(_ entry: Entry) {
        var entry = entry
        entry.unit = unit
        push(entry)
    }

    /// Puts a key back that an earlier run noted, if its rank is low enough.
    mutating func putBack(_ entry: Entry) {
        if wants(entry.rank, keyByteCount: entry.key.readableBytes) { push(entry) }
    }

    private mutating func push(_ entry: Entry) {
        if heap.count == Self.targetCount {
            heap[0] = entry
            sink(0)
        } else {
            heap.append(entry)
            rise(heap.count - 1)
        }
    }

    /// Takes back a key that was not stored.
    mutating func remove(rank: UInt64) {
        guard let highest = heap.first, rank <= highest.rank,
            let index = heap.firstIndex(where: { $0.rank == rank })
        else { return }
        heap.swapAt(index, heap.count - 1)
        heap.removeLast()
        if index < heap.count {
            sink(index)
            rise(index)
        }
    }

    private mutating func rise(_ start: Int) {
        var index = start
        while index > 0, heap[(index - 1) / 2].rank < heap[index].rank {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func sink(_ start: Int) {
        var index = start
        while true {
            var largest = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < heap.count && heap[child].rank > heap[largest].rank {
                largest = child
            }
            if largest == index { return }
            heap.swapAt(index, largest)
            index = largest
        }
    }
}
