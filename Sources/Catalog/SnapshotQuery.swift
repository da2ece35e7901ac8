package import SnapshotModel

/// Which snapshot a user means: an id, a unique prefix of one, or `latest`, narrowed.
package struct SnapshotQuery: Hashable, Sendable {
    package enum Selector: Hashable, Sendable {
        case latest
        case prefix(String)
    }

    package var selector: Selector
    package var sourceName: String?
    package var policy: String?
    package var tags: [String: String]
    /// Only snapshots whose instant lies before this one.
    package var before: UnixMilliseconds?

    /// A query of the text that a user gave as SNAPSHOT.
    package init(
        _ text: String,
        sourceName: String? = nil,
        policy: String? = nil,
        tags: [String: String] = [:],
        before: UnixMilliseconds? = nil
    ) {
        selector = text == "latest" ? .latest : .prefix(text)
        self.sourceName = sourceName
        self.policy = policy
        self.tags = tags
        self.before = before
    }

    /// Whether the narrowing lets a snapshot pass, whatever its state.
    package func narrows(to entry: SnapshotEntry) -> Bool {
        (sourceName.map { $0 == entry.sourceName } ?? true)
            && (policy.map { $0 == entry.policy } ?? true)
            && (before.map { entry.instant < $0 } ?? true)
            && tags.allSatisfy { entry.tags[$0.key] == $0.value }
    }

    /// The one snapshot that is meant.
    ///
    /// Purged ones are never meant, deleted ones only by their id.
    ///
    /// - Throws: `.snapshotNotFound`, `.ambiguous` (several ids, or `latest` over several sources).
    package func select(from entries: [SnapshotEntry]) throws(RepositoryError) -> SnapshotEntry {
        let fitting = entries.filter { $0.state.purgedAt == nil && narrows(to: $0) }
        switch selector {
        case .latest: return try latest(of: fitting.filter(\.state.isTrusted))
        case .prefix(let prefix): return try single(prefix, of: fitting)
        }
    }

    private func latest(of entries: [SnapshotEntry]) throws(RepositoryError) -> SnapshotEntry {
        guard let newest = entries.min(by: SnapshotEntry.isNewer) else {
            throw RepositoryError(
                .snapshotNotFound,
                "no good snapshot fits 'latest'; 'rewarm list' shows what there is"
            )
        }
        let sources = Set(entries.map(\.sourceName)).sorted()
        guard sources.count == 1 else {
            throw RepositoryError(
                .ambiguous,
                "'latest' fits snapshots of \(sources.count) sources: \(sources.joined(separator: ", "));"
                    + " choose one with --source-name"
            )
        }
        return newest
    }

    private func single(_ prefix: String, of entries: [SnapshotEntry]) throws(RepositoryError) -> SnapshotEntry {
        let matches = entries.filter { !prefix.isEmpty && $0.id.text.hasPrefix(prefix) }
        guard let match = matches.first else {
            throw RepositoryError(
                .snapshotNotFound,
                "no snapshot '\(prefix)'; 'rewarm list' shows what there is"
            )
        }
        guard matches.count == 1 else {
            let shownCount = 5
            let shown = matches.map(\.id).sorted().prefix(shownCount).map(\.text).joined(separator: ", ")
            throw RepositoryError(
                .ambiguous,
                "'\(prefix)' is the beginning of \(matches.count) ids (\(shown)\(matches.count > shownCount ? ", …" : ""));"
                    + " give more digits"
            )
        }
        return match
    }
}
