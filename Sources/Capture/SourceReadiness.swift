import SnapshotModel
import Transport

/// Whether a node's data is worth reading now, and what its label has to say.
enum SourceReadiness {
    /// Throws `.notReady` for a replica whose data is old or partial.
    static func check(_ info: NodeInfo) throws(CaptureError) {
        if info.isLoading {
            throw CaptureError(.notReady, "\(info.address) is loading its dataset; try again when it has loaded")
        }
        if info.role == .replica, info.isPrimaryLinkUp == false {
            throw CaptureError(
                .notReady,
                "\(info.address) is a replica whose link to its primary is down: its data is old or partial; wait until "
                    + "the link is up, or take the snapshot from another node"
            )
        }
    }

    /// What the label has to say of a node that is part of a cluster; nothing for one that has every slot.
    ///
    /// `layout` is nil where the cluster does not tell.
    static func warnings(_ info: NodeInfo, _ layout: ClusterLayout?) -> [String] {
        guard info.isClusterEnabled else { return [] }
        guard let layout else {
            return [
                "\(info.address) is a node of a cluster, and CLUSTER NODES is forbidden there: which of the cluster's "
                    + "keys the snapshot holds is unknown"
            ]
        }
        var warnings: [String] = []
        if !layout.isWhole {
            warnings.append(
                "this is no snapshot of the cluster: \(info.address) is one of its \(layout.shardCount) shards and holds "
                    + "the keys of slots \(ShardDescriptor.slotText(layout.ownSlotRanges)) alone; take a snapshot of "
                    + "each shard"
            )
        }
        if layout.isMigrating { warnings.append(moving(info)) }
        return warnings
    }

    /// What the label has to say at the end, if the slots were others then.
    static func warnings(_ info: NodeInfo, began: ClusterLayout?, ended: ClusterLayout?) -> [String] {
        guard let began, !began.isMigrating, began != ended else { return [] }
        return [moving(info)]
    }

    private static func moving(_ info: NodeInfo) -> String {
        "slots of \(info.address) were moving while the snapshot was taken: keys of these slots may be missing from it"
    }
}
