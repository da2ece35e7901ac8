import SnapshotModel

/// What a rebuild of the catalog found.
package struct CatalogRebuild: Sendable {
    package var snapshotCount: Int
    package var factCount: Int
    /// Records of runs that left no snapshot.
    package var runCount: Int
    /// Unreadable manifests.
    package var notices: [RepositoryNotice]
}

extension Repository {
    /// Makes the catalog anew from manifests and facts alone, beside the old one, and puts it in its place.
    package func rebuildCatalog() async throws(RepositoryError) -> CatalogRebuild {
        try requireWritable()
        return try await withPublishingLock { () async throws(RepositoryError) in
            let (readable, unreadable) = try await contents.snapshots()
            let runs = try await contents.runs()
            // A new word: whoever has the old catalog open, or another one elsewhere, looks again.
            let generation = try generationMark.advance()
            catalogFile.close()
            _ = try catalogFile.replace { catalog throws(RepositoryError) in
                try catalog.apply(readable.map { .adopt($0) } + runs.map { .run($0) }, generation: generation)
            }
            return CatalogRebuild(
                snapshotCount: readable.count,
                factCount: readable.reduce(0) { $0 + $1.facts.count },
                runCount: runs.count,
                notices: unreadable.map { .unreadableManifest($0.id, reason: $0.reason) }
            )
        }
    }
}
