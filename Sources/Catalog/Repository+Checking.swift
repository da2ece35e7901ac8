package import ObjectStorage
package import SnapshotModel

/// What `catalog check` found: each way in which the catalog and the store differ.
package struct CatalogCheck: Sendable {
    package enum Difference: Hashable, Sendable {
        /// SQLite finds the file damaged.
        case damaged(String)
        /// A row of the table stands in the store, but not in the catalog.
        case missingRow(table: String, key: String)
        /// A row of the table stands in the catalog, but not in the store.
        case extraRow(table: String, key: String)
        /// A row says something else than the store.
        case differentRow(table: String, key: String)
        case unreadableManifest(SnapshotID, reason: String)
        case unreadableFact(SnapshotID, fact: String)
        /// The record of a run that left no snapshot, perhaps written by a newer program.
        case unreadableRun(SnapshotID)
        case missingPart(ObjectKey)
        case wrongPartSize(ObjectKey, storedByteCount: UInt64, manifestByteCount: UInt64)
        /// Two snapshots with the same sequence.
        case repeatedSequence(UInt64, [SnapshotID])
    }

    package var differences: [Difference]
    package var snapshotCount: Int
    /// Whether `catalog rebuild` mends all of it: the rest is damage of the store.
    package var isMendedByRebuild: Bool {
        differences.allSatisfy { difference in
            switch difference {
            case .damaged, .missingRow, .extraRow, .differentRow: true
            case .unreadableManifest, .unreadableFact, .unreadableRun: false
            case .missingPart, .wrongPartSize, .repeatedSequence: false
            }
        }
    }
}

extension Repository {
    /// Compares the catalog with the store: every row, and the presence and size of every part.
    ///
    /// First the catalog is brought up to the store as at any opening, so that the trace of a crash is no difference.
    ///
    /// - Throws: `.catalogUnusable` if there is nothing to compare.
    package func checkCatalog() async throws(RepositoryError) -> CatalogCheck {
        try requireWritable()
        return try await withPublishingLock { () async throws(RepositoryError) in
            let catalog = try await catalogToCheck()
            let (readable, unreadable) = try await contents.snapshots()
            let runs = try await contents.runs()
            var differences = try catalog.integrityProblems().map { CatalogCheck.Difference.damaged($0) }
            differences += try rowDifferences(of: catalog, from: readable, runs)
            differences += unreadable.map { .unreadableManifest($0.id, reason: $0.reason) }
            differences += runs.filter { $0.record == nil }.map { .unreadableRun($0.id) }
            for snapshot in readable { differences += try await storeDifferences(snapshot) }
            let repeated = Dictionary(grouping: readable) { $0.manifest.manifest.sequence }.filter { $1.count > 1 }
            differences += repeated.sorted { $0.key < $1.key }.map { .repeatedSequence($0.key, $0.value.map(\.id)) }
            return CatalogCheck(differences: differences, snapshotCount: readable.count)
        }
    }

    /// The catalog, reconciled unless it knows of more than the store: then the comparison tells of what.
    private func catalogToCheck() async throws(RepositoryError) -> SnapshotCatalog {
        do {
            return try await catalogUnderLock()
        } catch let error where error.code == .catalogUnusable {
            return try catalogFile.open()
        }
    }

    /// Row by row against a catalog that is made in memory from the store alone.
    private func rowDifferences(
        of catalog: SnapshotCatalog,
        from snapshots: [StoredSnapshot],
        _ runs: [StoredRun]
    ) throws(RepositoryError) -> [CatalogCheck.Difference] {
        let expected = try SnapshotCatalog.create(":memory:", repositoryID: marker.id, isScratch: true)
        defer { expected.close() }
        try expected.apply(snapshots.map { .adopt($0) } + runs.map { .run($0) }, generation: nil)
        var differences: [CatalogCheck.Difference] = []
        for ((table, found), (_, wanted)) in zip(try catalog.canonicalRows(), try expected.canonicalRows()) {
            let foundRows = Dictionary(found.map { ($0.key, $0.text) }) { first, _ in first }
            let wantedRows = Dictionary(wanted.map { ($0.key, $0.text) }) { first, _ in first }
            for row in wanted where foundRows[row.key] != row.text {
                let isMissing = foundRows[row.key] == nil
                differences.append(
                    isMissing ? .missingRow(table: table, key: row.key) : .differentRow(table: table, key: row.key)
                )
            }
            for row in found where wantedRows[row.key] == nil {
                differences.append(.extraRow(table: table, key: row.key))
            }
        }
        return differences
    }

    private func storeDifferences(
        _ snapshot: StoredSnapshot
    ) async throws(RepositoryError) -> [CatalogCheck.Difference] {
        var differences: [CatalogCheck.Difference] = snapshot.facts.filter { $0.fact == nil }.map {
            .unreadableFact(snapshot.id, fact: $0.id)
        }
        // The parts of a purged snapshot may be gone.
        guard snapshot.standing.purgedAt == nil else { return differences }
        for part in snapshot.manifest.manifest.parts {
            let key = RepositoryLayout.part(part.number, of: snapshot.id)
            do {
                let byteCount = try await store.byteCount(of: key)
                guard byteCount != part.storedByteCount else { continue }
                differences.append(
                    .wrongPartSize(key, storedByteCount: byteCount, manifestByteCount: part.storedByteCount)
                )
            } catch let error where error.code == .notFound {
                differences.append(.missingPart(key))
            } catch {
                throw RepositoryError(error)
            }
        }
        return differences
    }
}

extension CatalogCheck.Difference: CustomStringConvertible {
    package var description: String {
        switch self {
        case .damaged(let reason): "the catalog's file is damaged: \(reason)"
        case .missingRow(let table, let key): "\(table) '\(key)' is in the store, but not in the catalog"
        case .extraRow(let table, let key): "\(table) '\(key)' is in the catalog, but not in the store"
        case .differentRow(let table, let key): "\(table) '\(key)' differs between catalog and store"
        case .unreadableManifest(let id, let reason): "snapshot \(id): \(reason)"
        case .unreadableFact(let id, let fact): "snapshot \(id): the fact '\(fact)' cannot be read"
        case .unreadableRun(let id): "the record of run \(id) cannot be read"
        case .missingPart(let key): "'\(key)' is missing"
        case .wrongPartSize(let key, let stored, let wanted): "'\(key)' has \(stored) bytes instead of \(wanted)"
        case .repeatedSequence(let sequence, let ids):
            "sequence \(sequence) is that of \(ids.map(\.text).joined(separator: " and "))"
        }
    }
}
