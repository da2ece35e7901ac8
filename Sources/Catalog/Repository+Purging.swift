import ObjectStorage
import SnapshotModel

// The order in which a snapshot goes, each step durable before the next:
//
//     fact `purged`, row        from here on it is not listed by anybody, and there is no way back
//     parts                     the space
//     manifest                  before the facts: a manifest without its facts would be a listed snapshot
//     facts, `purged` last      what is left of a crash is still known to be purged
//     row
//
// A crash anywhere leaves a deleted snapshot that is whole, or a purged one that the next purge completes.

extension Repository {
    /// What `purge` would do now.
    ///
    /// Takes no lock: by the time it is read it may be out of date.
    package func purgePlan(graceMilliseconds: Int64) async throws(RepositoryError) -> PurgePlan {
        let entries = try await catalog().entries()
        var plan = try await plan(entries, graceMilliseconds: graceMilliseconds)
        for index in plan.items.indices where plan.items[index].isFreed {
            let holders = leaseHolders(plan.items[index].id)
            if !holders.isEmpty { plan.items[index].decision = .leased(holders) }
        }
        return plan
    }

    /// Frees the space of snapshots that were deleted longer ago than the grace time, completes what earlier purges
    /// began, and removes what crashed runs left behind.
    ///
    /// Holds the repository exclusive: nobody captures or states facts meanwhile. Everything is decided again under
    /// that lock, from the store. Snapshots being read stay for the next time. With a scope only snapshots in it are
    /// looked at; `waiting` is how long to wait for the lock instead of the usual time.
    package func purge(
        graceMilliseconds: Int64,
        in scope: PolicyScope? = nil,
        waiting: Duration? = nil,
        by author: String
    ) async throws(RepositoryError) -> PurgeReport {
        try requireWritable()
        let repository = try await lock(.repository, .exclusive, waiting: waiting)
        defer { repository.release() }
        return try await publishing { catalog async throws(RepositoryError) in
            let catalog = try catalog.get()
            var plan = try await plan(try catalog.entries(), in: scope, graceMilliseconds: graceMilliseconds)
            let uploads = try await translating { () async throws(ObjectStoreError) in
                try await store.removeAbandonedUploads()
            }
            for index in plan.items.indices where plan.items[index].isFreed {
                plan.items[index].decision = try await free(plan.items[index], by: author, catalog)
            }
            for orphan in plan.orphans { try await delete(orphan.key) }
            return PurgeReport(plan: plan, removedUploadCount: uploads, notices: notices)
        }
    }

    private func plan(
        _ entries: [SnapshotEntry],
        in scope: PolicyScope? = nil,
        graceMilliseconds: Int64
    ) async throws(RepositoryError) -> PurgePlan {
        var items: [PurgePlan.Item] = []
        let highestSequence = entries.map(\.sequence).max()
        for entry in entries.sorted(by: SnapshotEntry.isNewer) where !entry.state.isLive {
            if let scope, !scope.contains(entry) { continue }
            // Facts are read again from the store: the rows only say where to look.
            let standing = try await standing(entry.id)
            guard !standing.isLive else { continue }
            let byteCount = try await partEntries(entry.id).reduce(0) { $0 + $1.byteCount }
            var decision = decision(standing, graceMilliseconds: graceMilliseconds)
            if decision == .free, entry.sequence == highestSequence { decision = .keepTombstone }
            items.append(PurgePlan.Item(id: entry.id, decision: decision, storedByteCount: byteCount))
        }
        let known = Set(entries.map(\.id))
        return PurgePlan(
            items: items,
            orphans: try await orphans(known: known, graceMilliseconds: graceMilliseconds)
        )
    }

    private func decision(_ standing: SnapshotStanding, graceMilliseconds: Int64) -> PurgePlan.Decision {
        if standing.purgedAt != nil { return .free }
        if standing.isHeld(at: now) { return .held }
        let deletedAt = standing.deletedAt ?? now
        let isOver = standing.isPurgeable(at: now, graceMilliseconds: graceMilliseconds)
        return isOver ? .free : .inGrace(until: deletedAt.advanced(byMilliseconds: graceMilliseconds))
    }

    /// Frees one snapshot, or says why not now.
    private func free(
        _ item: PurgePlan.Item,
        by author: String,
        _ catalog: SnapshotCatalog
    ) async throws(RepositoryError) -> PurgePlan.Decision {
        let lease: FileLock
        do {
            lease = try await locks.acquire(.snapshot(item.id), .exclusive, holder: holder)
        } catch let error where error.code == .locked {
            return .leased(error.holders)
        } catch {
            throw RepositoryError(error)
        }
        defer { lease.release() }
        if try await standing(item.id).purgedAt == nil, try await contents.hasManifest(item.id) {
            let draft = FactDraft(snapshot: item.id, statement: .purged)
            // Nothing is removed unless the row says so too: a list must not show what is going away.
            if let notice = try await state([draft], by: author, .success(catalog)).notices.first {
                throw RepositoryError(.storage, "cannot purge \(item.id): \(notice)")
            }
        }
        for part in try await partEntries(item.id) { try await delete(part.key) }
        if item.decision == .keepTombstone { return .keepTombstone }
        let generation = try generationMark.advance()
        try await delete(RepositoryLayout.manifest(of: item.id))
        try await deleteFacts(item.id)
        try catalog.apply([.remove(item.id)], generation: generation)
        do {
            try locks.remove(.snapshot(item.id))
        } catch {
            throw RepositoryError(error)
        }
        return .free
    }

    /// Removes the facts of a snapshot without a manifest, `purged` last.
    private func deleteFacts(_ id: SnapshotID) async throws(RepositoryError) {
        let facts = try await contents.facts(id)
        for fact in facts.filter({ $0.fact?.statement != .purged }) + facts.filter({ $0.fact?.statement == .purged }) {
            if let key = RepositoryLayout.fact(fact.id, of: id) { try await delete(key) }
        }
    }

    /// The objects of a snapshot besides its manifest and its facts.
    private func partEntries(_ id: SnapshotID) async throws(RepositoryError) -> [ObjectEntry] {
        let prefix = RepositoryLayout.prefix(of: id)
        let entries = try await translating { () async throws(ObjectStoreError) in
            try await store.list(prefix: prefix)
        }
        return entries.filter { entry in
            entry.key != RepositoryLayout.manifest(of: id)
                && !entry.key.path.hasPrefix(RepositoryLayout.factsPrefix(of: id))
        }
    }

    /// What crashed runs left: objects below a directory without manifest of which the catalog knows nothing, all of
    /// them older than the grace time.
    ///
    /// Parts whose manifest was lost otherwise have a row, and can be salvaged.
    private func orphans(
        known: Set<SnapshotID>,
        graceMilliseconds: Int64
    ) async throws(RepositoryError) -> [ObjectEntry] {
        var orphans: [ObjectEntry] = []
        for id in try await contents.directoryIDs() where !known.contains(id) {
            if try await contents.hasManifest(id) { continue }
            let entries = try await translating { () async throws(ObjectStoreError) in
                try await store.list(prefix: RepositoryLayout.prefix(of: id))
            }
            let isPurged = try await standing(id).purgedAt != nil
            let isOld = entries.allSatisfy { $0.modifiedAt.advanced(byMilliseconds: graceMilliseconds) <= now }
            guard isPurged || isOld else { continue }
            // Parts before facts, so that a purged snapshot stays one while anything of it is there.
            let factsPrefix = RepositoryLayout.factsPrefix(of: id)
            orphans += entries.filter { !$0.key.path.hasPrefix(factsPrefix) }
            orphans += entries.filter { $0.key.path.hasPrefix(factsPrefix) }
        }
        return orphans
    }

    private func delete(_ key: ObjectKey) async throws(RepositoryError) {
        try await translating { () async throws(ObjectStoreError) in try await store.delete(key) }
    }
}
