import RESP
import SnapshotModel

/// Which part of a cluster's keys a node is responsible for, as `CLUSTER NODES` tells it.
package struct ClusterLayout: Hashable, Sendable {
    /// The slots of the node's shard, each [first, last], ascending; those of its primary if it is a replica.
    package var ownSlotRanges: [[UInt16]]
    /// Primaries with slots.
    package var shardCount: Int
    /// Whether the node is handing slots over or taking them: a key of such a slot may be on either side.
    package var isMigrating: Bool

    package init(ownSlotRanges: [[UInt16]], shardCount: Int, isMigrating: Bool = false) {
        self.ownSlotRanges = ownSlotRanges
        self.shardCount = shardCount
        self.isMigrating = isMigrating
    }

    /// Reads the answer to `CLUSTER NODES`; nil if it does not name the node itself.
    ///
    ///     id address flags primary ping pong epoch state slot…
    ///
    /// A slot is `7`, `0-5460`, or `[93-<-id]` and `[77->-id]` for one under way.
    /// Source: redis.io/docs/latest/commands/cluster-nodes.
    package init?(nodes text: String) {
        let lines = text.split(separator: "\n").map { $0.split(separator: " ") }.filter { $0.count >= 8 }
        guard let own = lines.first(where: { $0[2].split(separator: ",").contains("myself") }) else { return nil }
        let holder = own[3] == "-" ? own : lines.first { $0[0] == own[3] } ?? own
        ownSlotRanges = holder.dropFirst(8).compactMap(Self.range)
        shardCount = lines.count { line in line[3] == "-" && line.dropFirst(8).contains { Self.range($0) != nil } }
        isMigrating = own.dropFirst(8).contains { $0.hasPrefix("[") }
    }

    /// Whether the node's shard has every slot, so that its keys are the cluster's.
    package var isWhole: Bool { ShardDescriptor.slotCount(ownSlotRanges) == ShardDescriptor.clusterSlotCount }

    private static func range(_ word: Substring) -> [UInt16]? {
        let numbers = word.split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
        switch (numbers.count, numbers.first ?? nil, numbers.last ?? nil) {
        case (1, let slot?, _): return [slot, slot]
        case (2, let first?, let last?) where first <= last: return [first, last]
        default: return nil
        }
    }
}

extension NodeConnection {
    /// The node's place in its cluster; nil where `CLUSTER NODES` is forbidden.
    package func clusterLayout() async throws(TransportError) -> ClusterLayout? {
        try await reply(to: ["CLUSTER", "NODES"]).text.flatMap { ClusterLayout(nodes: $0) }
    }
}
