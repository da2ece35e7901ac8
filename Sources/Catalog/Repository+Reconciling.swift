import ObjectStorage
import SnapshotModel

extension Repository {
    /// Brings the catalog up to the store: adopts snapshots and facts that it lacks, finishes purges.
    ///
    /// Only under the publishing lock.
    ///
    /// - Throws: `.catalogUnusable` if the catalog knows of something that the store has lost: that is no crash of
    /// ours, and deciding anything from either would be wrong.
    func reconcile(_ catalog: SnapshotCatalog) async throws(RepositoryError) {
        let known = try catalog.knownFactIDs()
        var changes: [SnapshotCatalog.Change] = []
        var present: Set<SnapshotID> = []
        for id in try await contents.directoryIDs() where try await contents.hasManifest(id) {
            present.insert(id)
            if let change = try await change(for: id, knownFactIDs: known[id]) { changes.append(change) }
        }
        let vanished = Set(known.keys).subtracting(present)
        if !vanished.isEmpty {
            let entries = try catalog.entries()
            let purged = Set(entries.filter { $0.state.purgedAt != nil }.map(\.id))
            let lost = vanished.subtracting(purged).sorted()
            if !lost.isEmpty { throw stale("knows snapshots that the store has lost", lost) }
            changes += vanished.sorted().map { .remove($0) }
        }
        changes += try await runChanges(catalog)
        if let generation = try generationMark.current() {
            try catalog.apply(changes, generation: generation)
        } else {
            try catalog.apply(changes, generation: try generationMark.advance())
        }
    }

    /// What the catalog lacks of the records of runs; unlike snapshots these are removed object first, row later.
    private func runChanges(_ catalog: SnapshotCatalog) async throws(RepositoryError) -> [SnapshotCatalog.Change] {
        let known = Set(try catalog.runs().map(\.id))
        let present = Set(try await contents.runIDs())
        var changes = known.subtracting(present).sorted().map { SnapshotCatalog.Change.removeRun($0) }
        for id in present.subtracting(known).sorted() {
            if let run = try await contents.run(id) { changes.append(.run(run)) }
        }
        return changes
    }

    /// What the catalog lacks of one snapshot, or nil if nothing.
    private func change(
        for id: SnapshotID,
        knownFactIDs: [String]?
    ) async throws(RepositoryError) -> SnapshotCatalog.Change? {
        if let knownFactIDs {
            let stored = try await contents.factIDs(id)
            if stored == knownFactIDs { return nil }
            guard Set(knownFactIDs).isSubset(of: stored) else {
                throw stale("knows facts that the store has lost, of snapshots", [id])
            }
        }
        do {
            return try await contents.snapshot(id).map { .adopt($0) }
        } catch let error where error.code == .corrupted || error.code == .unsupportedFormat {
            // Not listed, and told by `snapshots()` without a catalog, by `catalog check` and by `catalog rebuild`.
            return nil
        }
    }

    private func stale(_ reason: String, _ ids: [SnapshotID]) -> RepositoryError {
        let shownCount = 5
        let shown = ids.prefix(shownCount).map(\.text).joined(separator: ", ") + (ids.count > shownCount ? ", …" : "")
        return .catalogUnusable(catalogFile.path, "\(reason) (\(shown))")
    }
}
