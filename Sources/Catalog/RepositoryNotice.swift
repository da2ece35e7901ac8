package import SnapshotModel

/// Something that a user should be told once, beside a result that is good.
package enum RepositoryNotice: Hashable, Sendable {
    /// The repository cannot be written: manifests are read instead of the catalog, and nothing protects what is
    /// being read from a purge elsewhere.
    case readOnly(path: String)
    /// The catalog cannot be used; manifests are read instead. The text says why and what to do.
    case catalogUnusable(reason: String)
    /// The store changed as asked, but the catalog could not follow.
    case catalogBehind(reason: String)
    /// A manifest is there but cannot be read; its snapshot is not listed.
    case unreadableManifest(SnapshotID, reason: String)
}

extension RepositoryNotice: CustomStringConvertible {
    package var description: String {
        switch self {
        case .readOnly(let path):
            "the repository '\(path)' is read-only: reading manifests, without catalog and without lease"
        case .catalogUnusable(let reason): "\(reason); reading manifests meanwhile"
        case .catalogBehind(let reason): "done, but the catalog could not follow: \(reason)"
        case .unreadableManifest(let id, let reason): "snapshot \(id) is not listed: \(reason)"
        }
    }
}
