import ObjectStorage
import SnapshotModel

extension Repository {
    /// What a policy would decide on now.
    package func inventory(_ scope: PolicyScope) async throws(RepositoryError) -> RepositoryInventory {
        guard isWritable else { return try await inventory(scope, nil) }
        return try await publishing { catalog async throws(RepositoryError) in
            try await inventory(scope, catalog)
        }
    }

    /// Lets `decide` say what is to be done about what is true now, and does it before anybody can change that.
    ///
    /// In order: a fact for each deletion, the record of the run, then all rows in one transaction. A crash leaves some
    /// of the deletions done; the next run decides again about the rest. Nothing is written if `decide` gives nil.
    ///
    /// - Throws: `.conflict` if a snapshot that is to be deleted is held: then nothing was written.
    package func applyRetention<Decision>(
        _ scope: PolicyScope,
        by author: String,
        decide: (RepositoryInventory) throws(RepositoryError) -> (Decision, RetentionChange?)
    ) async throws(RepositoryError) -> (decision: Decision, notices: [RepositoryNotice]) {
        try await withRepositoryShared { () async throws(RepositoryError) in
            try await publishing { catalog async throws(RepositoryError) in
                let inventory = try await inventory(scope, catalog)
                let (decision, change) = try decide(inventory)
                guard let change else { return (decision, inventory.notices) }
                return (decision, inventory.notices + (try await carryOut(change, by: author, catalog)))
            }
        }
    }

    private func carryOut(
        _ change: RetentionChange,
        by author: String,
        _ catalog: Result<SnapshotCatalog, RepositoryError>
    ) async throws(RepositoryError) -> [RepositoryNotice] {
        let drafts = change.deletions.map { FactDraft(snapshot: $0.id, statement: .deleted(reason: $0.reason)) }
        for draft in drafts { try await requireStatable(draft) }
        let generation = try generationMark.advance()
        var rows: [SnapshotCatalog.Change] = []
        for draft in drafts { rows.append(.fact(try await put(draft, by: author))) }
        if let run = change.run { rows.append(.run(try await put(run, by: author).0)) }
        rows += try await removeRuns(change.removedRuns)
        return follow(rows, generation, catalog)
    }

    /// `catalog` is nil in a read-only repository, where the store alone is asked.
    private func inventory(
        _ scope: PolicyScope,
        _ catalog: Result<SnapshotCatalog, RepositoryError>?
    ) async throws(RepositoryError) -> RepositoryInventory {
        var inventory = RepositoryInventory(notices: notices)
        var entries: [SnapshotEntry]?
        if let catalog {
            do {
                let catalog = try catalog.get()
                // Not only if the generation differs: this must not rest on a word.
                try await reconcile(catalog)
                entries = try catalog.entries()
            } catch let error where error.code == .catalogUnusable {
                inventory.disagreement = error.message
            }
        }
        let listed = entries == nil ? try await storeEntries(&inventory) : entries ?? []
        let leased = isWritable ? locks.leasedSnapshots() : []
        for entry in listed where entry.state.isLive {
            guard scope.contains(entry) else {
                inventory.outOfScopeCount += 1
                continue
            }
            inventory.items.append(try await item(entry, isLeased: leased.contains(entry.id)))
        }
        inventory.runs = try await contents.runs().newestRecords.filter { scope.contains($0) }
        return inventory
    }

    private func storeEntries(_ inventory: inout RepositoryInventory) async throws(RepositoryError) -> [SnapshotEntry] {
        let (readable, unreadable) = try await contents.snapshots()
        inventory.notices += unreadable.map { .unreadableManifest($0.id, reason: $0.reason) }
        return readable.map(\.entry).sorted(by: SnapshotEntry.isNewer)
    }

    private func item(_ entry: SnapshotEntry, isLeased: Bool) async throws(RepositoryError) -> RepositoryInventory.Item
    {
        // The rows know which snapshots have holds at all; only their facts are read.
        let standing = entry.state.heldUntil == nil ? nil : try await standing(entry.id)
        return RepositoryInventory.Item(
            entry: entry,
            holds: standing?.holds ?? [],
            hasUnreadableFacts: (standing?.unreadableFactCount ?? 0) > 0,
            isLeased: isLeased,
            hasAllParts: try await hasAllParts(entry)
        )
    }

    /// Looks at sizes only; `verify` reads the bytes.
    private func hasAllParts(_ entry: SnapshotEntry) async throws(RepositoryError) -> Bool {
        var byteCount: UInt64 = 0
        for number in 0..<entry.partCount {
            do {
                byteCount += try await store.byteCount(of: RepositoryLayout.part(number, of: entry.id))
            } catch let error where error.code == .notFound {
                return false
            } catch {
                throw RepositoryError(error)
            }
        }
        return byteCount == entry.storedByteCount
    }
}
