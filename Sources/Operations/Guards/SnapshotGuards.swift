import Catalog
package import Policy
import SnapshotModel

/// What makes a snapshot suspicious: too little in it, or much less than in those before.
package struct SnapshotGuards: Hashable, Sendable {
    package var minimumKeyCount: UInt64?
    /// Bytes of records before compression.
    package var minimumByteCount: UInt64?
    /// The largest drop of keys and of bytes that is allowed against the median of the last good snapshots of the same
    /// source and policy, in percent.
    package var maximumDropPercent: Int?
    /// How many good snapshots the median is taken of.
    package var comparedCount: Int

    package init(
        minimumKeyCount: UInt64? = nil,
        minimumByteCount: UInt64? = nil,
        maximumDropPercent: Int? = nil,
        comparedCount: Int = 7
    ) {
        self.minimumKeyCount = minimumKeyCount
        self.minimumByteCount = minimumByteCount
        self.maximumDropPercent = maximumDropPercent
        self.comparedCount = comparedCount
    }

    package init(_ guards: PolicyGuards) {
        self.init(
            minimumKeyCount: guards.minimumKeyCount,
            minimumByteCount: guards.minimumByteCount,
            maximumDropPercent: guards.maximumDropPercent,
            comparedCount: guards.compare
        )
    }

    /// Why the snapshot that is about to be published is suspicious; nil if it is not.
    func suspicion(of draft: Manifest, in repository: Repository) async throws -> String? {
        let earlier = maximumDropPercent == nil ? [] : try await earlier(than: draft, in: repository)
        let findings = GuardEvaluation(self).findings(
            about: .init(keyCount: draft.ownKeyCount, byteCount: draft.ownByteCount),
            after: earlier
        )
        return findings.isEmpty ? nil : findings.joined(separator: "; ")
    }

    /// The last good snapshots of the same source and policy, not further back than one that somebody accepted: there
    /// a person said that from now on this is the size.
    private func earlier(
        than draft: Manifest,
        in repository: Repository
    ) async throws -> [GuardEvaluation.Figures] {
        let good = try await repository.snapshots().entries.filter { entry in
            entry.state.isTrusted && entry.sourceName == draft.source.name && entry.policy == draft.policy
        }
        var figures: [GuardEvaluation.Figures] = []
        for entry in good.prefix(comparedCount) {
            // A sentinel is no key of the source's.
            let manifest = try? await repository.manifest(entry.id)
            figures.append(
                .init(
                    keyCount: manifest?.ownKeyCount ?? entry.keyCount,
                    byteCount: manifest?.ownByteCount ?? entry.rawByteCount
                )
            )
            if try await repository.standing(entry.id).acceptedAt != nil { break }
        }
        return figures
    }
}
