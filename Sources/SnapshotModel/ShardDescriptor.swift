/// One shard of the source: its hash slots and the position in its replication stream.
package struct ShardDescriptor: Codable, Hashable, Sendable {
    /// Hash slots of a cluster, whatever its shards.
    package static let clusterSlotCount = 16_384

    /// Inclusive ranges of hash slots, each [first, last]; empty for a node that is not in a cluster.
    package var slotRanges: [[UInt16]]
    /// Shards with slots in the cluster that the node was part of; nil for a node that is not in a cluster.
    package var clusterShardCount: Int?
    package var replicationID: String?
    package var replicationOffset: Int64?
    /// The database that the replication stream has selected at that offset (RDB field `repl-stream-db`).
    package var replicationDatabase: Int?

    package init(
        slotRanges: [[UInt16]] = [],
        clusterShardCount: Int? = nil,
        replicationID: String? = nil,
        replicationOffset: Int64? = nil,
        replicationDatabase: Int? = nil
    ) {
        self.slotRanges = slotRanges
        self.clusterShardCount = clusterShardCount
        self.replicationID = replicationID
        self.replicationOffset = replicationOffset
        self.replicationDatabase = replicationDatabase
    }

    /// Slots in all ranges.
    package var slotCount: Int { Self.slotCount(slotRanges) }

    /// "0-5460, 10923", "none".
    package var slotText: String { Self.slotText(slotRanges) }

    package static func slotCount(_ ranges: [[UInt16]]) -> Int {
        ranges.reduce(0) { sum, range in
            guard let first = range.first, let last = range.last, first <= last else { return sum }
            return sum + Int(last - first) + 1
        }
    }

    package static func slotText(_ ranges: [[UInt16]]) -> String {
        guard !ranges.isEmpty else { return "none" }
        return ranges.map { range in
            guard let first = range.first, let last = range.last, first != last else {
                return range.first.map { "\($0)" } ?? ""
            }
            return "\(first)-\(last)"
        }.joined(separator: ", ")
    }

    /// Whether every slot of `inner` is in `outer`.
    package static func contains(_ outer: [[UInt16]], _ inner: [[UInt16]]) -> Bool {
        inner.allSatisfy { range in
            guard let first = range.first, let last = range.last, first <= last else { return false }
            return (first...last).allSatisfy { slot in
                outer.contains { $0.first.map { $0 <= slot } ?? false && $0.last.map { slot <= $0 } ?? false }
            }
        }
    }
}
