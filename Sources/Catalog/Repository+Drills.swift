package import SnapshotModel

// A drill is stated twice: as a fact beside its snapshot, on which retention decides, and as the record of a run, which
// stays when the snapshot is purged. The record comes first: a crash in between leaves a drill that is remembered and
// proves nothing, never a proof that is forgotten.

extension Repository {
    /// So many drills of a source by a policy stay on record when their snapshots have gone.
    package static let keptDrillCount = 100

    /// Puts a drill of a snapshot on record, and lets go of the oldest records beyond `keptDrillCount`.
    ///
    /// - Throws: as `state` does
    package func stateDrill(
        _ drill: DrillRecord,
        of manifest: Manifest,
        by author: String
    ) async throws(RepositoryError) -> StatedFacts {
        try await withRepositoryShared { () async throws(RepositoryError) in
            try await publishing { catalog async throws(RepositoryError) in
                let fact = FactDraft(snapshot: manifest.id, statement: .drilled(record: drill))
                try await requireStatable(fact)
                let run = RunDraft(
                    startedAt: drill.startedAt,
                    sourceName: manifest.source.name,
                    policy: manifest.policy,
                    outcome: .drilled(snapshot: manifest.id, record: drill)
                )
                let generation = try generationMark.advance()
                var changes: [SnapshotCatalog.Change] = [.run(try await put(run, by: author).0)]
                let stored = try await put(fact, by: author)
                changes.append(.fact(stored))
                changes += try await removeRuns(try await supersededDrills(run))
                return StatedFacts(
                    facts: [stored.fact].compactMap(\.self),
                    notices: follow(changes, generation, catalog)
                )
            }
        }
    }

    /// The records of drills like this one that are too many.
    private func supersededDrills(_ draft: RunDraft) async throws(RepositoryError) -> [SnapshotID] {
        let alike = try await contents.runs().newestRecords.filter { run in
            guard case .drilled = run.outcome else { return false }
            return run.sourceName == draft.sourceName && run.policy == draft.policy
        }
        return alike.dropFirst(Self.keptDrillCount).map(\.id)
    }

    /// The last drills of the sources and policies that are asked for, the newest first; also of snapshots that were
    /// deleted or purged since.
    package func drills(
        limit: Int,
        of isAskedFor: (_ sourceName: String, _ policy: String?) -> Bool
    ) async throws(RepositoryError) -> [DrillOnRecord] {
        var drills = try await runs().records.compactMap { DrillOnRecord($0) }
            .filter { isAskedFor($0.sourceName, $0.policy) }
        let known = Set(drills.map(\.occasion))
        // What an older program has drilled is a fact and nothing else. The last drills are of the snapshots that were
        // drilled last.
        let drilled = try await snapshots().entries.compactMap { entry in
            isAskedFor(entry.sourceName, entry.policy) ? entry.state.lastDrill.map { (entry, $0.statedAt) } : nil
        }
        for (entry, _) in drilled.sorted(by: { ($0.1, $0.0.id) > ($1.1, $1.0.id) }).prefix(limit) {
            for drill in try await standing(entry.id).drills {
                let found = DrillOnRecord(
                    snapshot: entry.id,
                    sourceName: entry.sourceName,
                    policy: entry.policy,
                    statedAt: drill.statedAt,
                    record: drill.record
                )
                if !known.contains(found.occasion) { drills.append(found) }
            }
        }
        return Array(drills.sorted { ($0.statedAt, $0.snapshot) > ($1.statedAt, $1.snapshot) }.prefix(limit))
    }
}
