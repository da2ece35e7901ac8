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

    static func warnings(_ info: NodeInfo) -> [String] {
        guard info.isClusterEnabled else { return [] }
        return ["\(info.address) is a node of a cluster: the snapshot holds only the keys of this node"]
    }
}
