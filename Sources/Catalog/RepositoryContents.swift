import NIOCore
import ObjectStorage
import SnapshotModel

/// What the store itself says, without the catalog: manifests and facts.
struct RepositoryContents: Sendable {
    let store: any ObjectStore

    /// A manifest that is there but cannot be read: its snapshot is not listed, and nothing of it is ever removed.
    struct UnreadableManifest: Hashable, Sendable {
        var id: SnapshotID
        var reason: String
    }

    /// Every directory below `snapshots/`, whether there is a manifest in it or not.
    func directoryIDs() async throws(RepositoryError) -> [SnapshotID] {
        let names = try await translating { () async throws(ObjectStoreError) in
            try await store.listComponents(prefix: RepositoryLayout.snapshotsPrefix)
        }
        return names.compactMap { SnapshotID($0) }
    }

    /// Whether the snapshot has a manifest, readable or not.
    func hasManifest(_ id: SnapshotID) async throws(RepositoryError) -> Bool {
        do {
            _ = try await store.byteCount(of: RepositoryLayout.manifest(of: id))
            return true
        } catch let error where error.code == .notFound {
            return false
        } catch {
            throw RepositoryError(error)
        }
    }

    /// The manifest, or nil if there is none.
    ///
    /// - Throws: `.corrupted` and `.unsupportedFormat` if it cannot be read.
    func manifest(_ id: SnapshotID) async throws(RepositoryError) -> StoredManifest? {
        let key = RepositoryLayout.manifest(of: id)
        guard let text = try await text(of: key) else { return nil }
        let manifest: Manifest
        do {
            manifest = try StoredJSON.decode(Manifest.self, from: text)
        } catch {
            throw RepositoryError(
                .corrupted,
                "the manifest '\(key)' is damaged; its parts can still be salvaged",
                cause: error
            )
        }
        guard manifest.schema <= Manifest.currentSchema else {
            throw RepositoryError(
                .unsupportedFormat,
                "the manifest '\(key)' has schema \(manifest.schema); use a newer rewarm"
            )
        }
        guard manifest.id == id else {
            throw RepositoryError(.corrupted, "the manifest '\(key)' is that of snapshot \(manifest.id)")
        }
        return StoredManifest(manifest: manifest, text: text)
    }

    /// The facts of a snapshot, ascending by id.
    func facts(_ id: SnapshotID) async throws(RepositoryError) -> [StoredFact] {
        var facts: [StoredFact] = []
        for factID in try await factIDs(id) {
            guard let key = RepositoryLayout.fact(factID, of: id), let text = try await text(of: key) else { continue }
            facts.append(StoredFact(snapshot: id, id: factID, text: text))
        }
        return facts
    }

    /// The ids of a snapshot's facts, ascending.
    func factIDs(_ id: SnapshotID) async throws(RepositoryError) -> [String] {
        try await names(below: RepositoryLayout.factsPrefix(of: id))
    }

    /// The ids of the records of runs, ascending.
    func runIDs() async throws(RepositoryError) -> [SnapshotID] {
        try await names(below: RepositoryLayout.runsPrefix).compactMap { SnapshotID($0) }
    }

    /// The record of a run, or nil if there is none.
    func run(_ id: SnapshotID) async throws(RepositoryError) -> StoredRun? {
        try await text(of: RepositoryLayout.run(id)).map { StoredRun(id: id, text: $0) }
    }

    /// The records of all runs, ascending by id.
    func runs() async throws(RepositoryError) -> [StoredRun] {
        var runs: [StoredRun] = []
        for id in try await runIDs() {
            if let run = try await run(id) { runs.append(run) }
        }
        return runs
    }

    /// The names of the JSON objects below a prefix, without their suffix, ascending.
    private func names(below prefix: String) async throws(RepositoryError) -> [String] {
        let suffix = ".json"
        let names = try await translating { () async throws(ObjectStoreError) in
            try await store.listComponents(prefix: prefix)
        }
        return names.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }
    }

    /// The snapshot, or nil without a manifest.
    ///
    /// Facts are read before the manifest: purge removes the manifest first, so that a manifest that is still there
    /// proves that all facts were.
    func snapshot(_ id: SnapshotID) async throws(RepositoryError) -> StoredSnapshot? {
        let facts = try await facts(id)
        return try await manifest(id).map { StoredSnapshot(manifest: $0, facts: facts) }
    }

    /// All snapshots, ascending by id, and the manifests that cannot be read.
    func snapshots() async throws(RepositoryError) -> (readable: [StoredSnapshot], unreadable: [UnreadableManifest]) {
        var readable: [StoredSnapshot] = []
        var unreadable: [UnreadableManifest] = []
        for id in try await directoryIDs() {
            do {
                if let snapshot = try await snapshot(id) { readable.append(snapshot) }
            } catch let error where error.code == .corrupted || error.code == .unsupportedFormat {
                unreadable.append(UnreadableManifest(id: id, reason: error.message))
            }
        }
        return (readable, unreadable)
    }

    private func text(of key: ObjectKey) async throws(RepositoryError) -> String? {
        do {
            return String(buffer: try await store.readWhole(key))
        } catch let error where error.code == .notFound {
            return nil
        } catch {
            throw RepositoryError(error)
        }
    }
}
