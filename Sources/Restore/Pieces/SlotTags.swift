import SnapshotModel
import Transport

/// For each slot of a cluster a short number whose decimal text has that slot.
enum SlotTags {
    /// Built when the first is asked for: it takes some 200,000 checksums.
    private static let tags: [UInt32] = {
        var tags = [UInt32?](repeating: nil, count: Int(ShardDescriptor.clusterSlotCount))
        var missingCount = tags.count
        var number: UInt32 = 0
        while missingCount > 0 {
            let slot = Int(HashSlot.of(Array(String(number).utf8)))
            if tags[slot] == nil {
                tags[slot] = number
                missingCount -= 1
            }
            number += 1
        }
        return tags.map { $0 ?? 0 }
    }()

    static func tag(of slot: UInt16) -> UInt32 { tags[Int(slot)] }
}
