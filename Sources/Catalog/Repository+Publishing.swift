import NIOCore
import ObjectStorage
package import SnapshotModel

/// A snapshot that counts from now on.
package struct Publication: Sendable {
    /// The manifest as it was written, with its sequence.
    package var manifest: Manifest
    package var notices: [RepositoryNotice]
}

/// Facts that count from now on.
package struct StatedFacts: Sendable {
    package var facts: [Fact]
    package var notices: [RepositoryNotice]
}

/// A statement about a snapshot before it is a fact.
package struct FactDraft: Hashable, Sendable {
    package var snapshot: SnapshotID
    package var statement: Fact.Statement

    package init(snapshot: SnapshotID, statement: Fact.Statement) {
        self.snapshot = snapshot
        self.statement = statement
    }
}

extension Repository {
    /// Publishes a snapshot whose parts are uploaded: gives it its sequence, puts the manifest, then the rows.
    ///
    /// The snapshot counts as soon as the manifest is there; a catalog that cannot follow is a notice, not an error.
    /// What `author` states about it becomes facts before that, so that there is no moment at which it counts without
    /// them.
    ///
    /// - Throws: `.corrupted` if a part is missing or has another size than the manifest says; nothing is written then.
    package func publish(
        _ draft: Manifest,
        stating statements: [Fact.Statement] = [],
        by author: String = ""
    ) async throws(RepositoryError) -> Publication {
        try await withRepositoryShared { () async throws(RepositoryError) in
            try await publishing { catalog async throws(RepositoryError) in
                try await requireParts(draft)
                var manifest = draft
                manifest.sequence = try await nextSequence(catalog)
                let bytes = try encoded(manifest)
                let generation = try generationMark.advance()
                for statement in statements {
                    _ = try await put(FactDraft(snapshot: manifest.id, statement: statement), by: author)
                }
                try await translating { () async throws(ObjectStoreError) in
                    try await store.putIfAbsent(RepositoryLayout.manifest(of: manifest.id), bytes)
                }
                let stored = StoredManifest(manifest: manifest, text: String(buffer: bytes))
                let facts = try await contents.facts(manifest.id)
                let change = SnapshotCatalog.Change.adopt(StoredSnapshot(manifest: stored, facts: facts))
                return Publication(manifest: manifest, notices: follow([change], generation, catalog))
            }
        }
    }

    /// States facts: puts an object for each, then all rows at once.
    ///
    /// Within a snapshot facts have strictly increasing instants, also when the host's clock went back: their order
    /// decides. If an object cannot be written, the error is thrown; those before it count.
    ///
    /// - Throws: `.snapshotNotFound`; `.conflict` if the snapshot is purged, is held and to be deleted, is not deleted
    ///   and to be undeleted, or has no such hold to remove.
    package func state(_ drafts: [FactDraft], by author: String) async throws(RepositoryError) -> StatedFacts {
        try await withRepositoryShared { () async throws(RepositoryError) in
            try await publishing { catalog async throws(RepositoryError) in
                try await state(drafts, by: author, catalog)
            }
        }
    }

    /// `state` under the locks that the caller holds.
    func state(
        _ drafts: [FactDraft],
        by author: String,
        _ catalog: Result<SnapshotCatalog, RepositoryError>
    ) async throws(RepositoryError) -> StatedFacts {
        for draft in drafts { try await requireStatable(draft) }
        guard !drafts.isEmpty else { return StatedFacts(facts: [], notices: []) }
        let generation = try generationMark.advance()
        var stored: [StoredFact] = []
        for draft in drafts { stored.append(try await put(draft, by: author)) }
        return StatedFacts(
            facts: stored.compactMap(\.fact),
            notices: follow(stored.map { .fact($0) }, generation, catalog)
        )
    }

    /// Holds the repository shared: nothing is purged meanwhile.
    func withRepositoryShared<Result>(
        _ body: () async throws(RepositoryError) -> Result
    ) async throws(RepositoryError) -> Result {
        try requireWritable()
        let lock = try await lock(.repository, .shared)
        defer { lock.release() }
        return try await body()
    }

    func follow(
        _ changes: [SnapshotCatalog.Change],
        _ generation: String,
        _ catalog: Result<SnapshotCatalog, RepositoryError>
    ) -> [RepositoryNotice] {
        do {
            try catalog.get().apply(changes, generation: generation)
            return []
        } catch {
            return [.catalogBehind(reason: error.message)]
        }
    }

    private func requireParts(_ manifest: Manifest) async throws(RepositoryError) {
        for part in manifest.parts {
            let key = RepositoryLayout.part(part.number, of: manifest.id)
            let byteCount: UInt64
            do {
                byteCount = try await store.byteCount(of: key)
            } catch let error where error.code == .notFound {
                throw RepositoryError(.corrupted, "cannot publish \(manifest.id): '\(key)' is missing", cause: error)
            } catch {
                throw RepositoryError(error)
            }
            guard byteCount == part.storedByteCount else {
                throw RepositoryError(
                    .corrupted,
                    "cannot publish \(manifest.id): '\(key)' has \(byteCount) bytes instead of \(part.storedByteCount)"
                )
            }
        }
    }

    /// One more than the highest sequence of the catalog and of manifests that it does not know; of all manifests, if
    /// the catalog cannot be read: that must not cost a snapshot.
    private func nextSequence(
        _ catalog: Result<SnapshotCatalog, RepositoryError>
    ) async throws(RepositoryError) -> UInt64 {
        do throws(RepositoryError) {
            return try await nextSequence(try catalog.get())
        } catch {
            let sequences = try await contents.snapshots().readable.map(\.manifest.manifest.sequence)
            return (sequences.max() ?? 0) + 1
        }
    }

    private func nextSequence(_ catalog: SnapshotCatalog) async throws(RepositoryError) -> UInt64 {
        let known = Set(try catalog.entries().map(\.id))
        for id in try await contents.directoryIDs() where !known.contains(id) {
            // Copied there by hand: no generation told of it.
            if try await contents.hasManifest(id) {
                try await reconcile(catalog)
                break
            }
        }
        return try catalog.highestSequence() + 1
    }

    func requireStatable(_ draft: FactDraft) async throws(RepositoryError) {
        guard try await contents.hasManifest(draft.snapshot) else {
            throw RepositoryError(.snapshotNotFound, "no snapshot '\(draft.snapshot)' in the repository '\(path)'")
        }
        let standing = SnapshotStanding(try await contents.facts(draft.snapshot))
        if standing.purgedAt != nil, draft.statement != .purged {
            throw RepositoryError(.conflict, "snapshot \(draft.snapshot) is purged: there is no way back")
        }
        switch draft.statement {
        case .deleted where standing.isHeld(at: now):
            let names = standing.activeHolds(at: now).map { "\($0.id) (\($0.reason))" }.joined(separator: ", ")
            throw RepositoryError(
                .conflict,
                "snapshot \(draft.snapshot) is held: \(names.isEmpty ? "a fact cannot be read" : names)"
            )
        case .undeleted where standing.deletedAt == nil:
            throw RepositoryError(.conflict, "snapshot \(draft.snapshot) is not deleted")
        case .holdRemoved(let holdID) where !standing.holds.contains { $0.id == holdID }:
            throw RepositoryError(.conflict, "snapshot \(draft.snapshot) has no hold '\(holdID)'")
        case .hold, .holdRemoved, .deleted, .undeleted, .purged, .verified, .drilled, .suspected, .accepted: return
        }
    }

    func put(_ draft: FactDraft, by author: String) async throws(RepositoryError) -> StoredFact {
        let latest = try await contents.facts(draft.snapshot).compactMap { $0.fact?.statedAt }.max()
        let statedAt = max(now, latest?.advanced(byMilliseconds: 1) ?? now)
        let attemptCount = 10
        for attempt in 1...attemptCount {
            let id = SnapshotID(instant: statedAt, random: .random(in: .min ... .max)).text
            let fact = Fact(
                id: id,
                snapshot: draft.snapshot,
                statedAt: statedAt,
                statedBy: author,
                statement: draft.statement
            )
            let bytes = try encoded(fact)
            do {
                guard let key = RepositoryLayout.fact(id, of: draft.snapshot) else { continue }
                try await store.putIfAbsent(key, bytes)
                return StoredFact(snapshot: draft.snapshot, id: id, text: String(buffer: bytes))
            } catch let error where error.code == .alreadyExists && attempt < attemptCount {
                continue
            } catch {
                throw RepositoryError(error)
            }
        }
        throw RepositoryError(.storage, "found no free name for a fact of \(draft.snapshot)")
    }

    func encoded(_ value: some Encodable) throws(RepositoryError) -> ByteBuffer {
        do {
            return try StoredJSON.encode(value)
        } catch {
            throw RepositoryError(.storage, "cannot write \(type(of: value)) as JSON", cause: error)
        }
    }
}
