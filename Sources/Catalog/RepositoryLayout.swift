package import ObjectStorage
package import SnapshotModel

/// Where things lie in a repository.
///
/// ```
/// rewarm-repository.json            the marker
/// catalog.sqlite                    the catalog, unless it lies elsewhere
/// locks/                            locks, their holders, the generation mark
/// snapshots/<id>/part-<n>.rewarm    an archive
/// snapshots/<id>/manifest.json      written last: without it there is no snapshot
/// snapshots/<id>/facts/<fact>.json
/// snapshots/runs/<run>.json         a run that left no snapshot, or a drill
/// ```
package enum RepositoryLayout {
    package static let marker = ObjectKey("rewarm-repository.json")
    package static let catalogName = "catalog.sqlite"
    package static let locksName = "locks"
    package static let snapshotsPrefix = "snapshots/"

    package static func prefix(of id: SnapshotID) -> String { "\(snapshotsPrefix)\(id)/" }

    package static func part(_ number: Int, of id: SnapshotID) -> ObjectKey {
        ObjectKey("\(prefix(of: id))part-\(number).rewarm")
    }

    package static func manifest(of id: SnapshotID) -> ObjectKey { ObjectKey("\(prefix(of: id))manifest.json") }

    static let runsPrefix = "\(snapshotsPrefix)runs/"

    static func run(_ id: SnapshotID) -> ObjectKey { ObjectKey("\(runsPrefix)\(id).json") }

    static func factsPrefix(of id: SnapshotID) -> String { "\(prefix(of: id))facts/" }

    /// The key of a fact, or nil if the fact's id is no file name.
    static func fact(_ factID: String, of id: SnapshotID) -> ObjectKey? {
        ObjectKey(validating: "\(factsPrefix(of: id))\(factID).json")
    }
}
