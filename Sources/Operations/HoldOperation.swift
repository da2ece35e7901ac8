package import Catalog
package import SnapshotModel

/// A hold that was stated.
package struct AddedHold: Hashable, Sendable {
    package let snapshot: SnapshotID
    package let id: String
}

/// Holds that were taken back.
package struct RemovedHolds: Hashable, Sendable {
    package let snapshot: SnapshotID
    package let holdIDs: [String]
}

/// Protects a snapshot from every path that deletes, or takes that back.
package struct HoldOperation: Sendable {
    private let query: SnapshotQuery

    package init(query: SnapshotQuery) {
        self.query = query
    }

    package func add(
        reason: String,
        until: UnixMilliseconds?,
        _ context: OperationContext
    ) async throws -> AddedHold {
        if let until, until <= context.now() {
            throw OperationError(.usage, "the hold would be over already: \(until) has passed")
        }
        let repository = try await context.openRepositoryForWriting()
        let entry = try await context.find(query, in: repository)
        guard entry.state.isLive else {
            throw OperationError(
                .failure,
                "snapshot \(entry.id) is deleted",
                hint: "take that back first: rewarm undelete \(entry.id)"
            )
        }
        let draft = FactDraft(snapshot: entry.id, statement: .hold(reason: reason, until: until))
        let facts = try await context.state([draft], in: repository)
        guard let fact = facts.first else { throw OperationError(.failure, "the hold was not stated") }
        return AddedHold(snapshot: entry.id, id: fact.id)
    }

    /// Removes the hold of this id, or all holds if it is nil.
    package func remove(holdID: String?, _ context: OperationContext) async throws -> RemovedHolds {
        let repository = try await context.openRepositoryForWriting()
        let id = try await context.find(query, in: repository).id
        let holdIDs = try Self.holdIDs(toRemove: holdID, from: try await repository.standing(id), of: id)
        let drafts = holdIDs.map { FactDraft(snapshot: id, statement: .holdRemoved(holdID: $0)) }
        _ = try await context.state(drafts, in: repository)
        return RemovedHolds(snapshot: id, holdIDs: holdIDs)
    }

    private static func holdIDs(
        toRemove holdID: String?,
        from standing: SnapshotStanding,
        of id: SnapshotID
    ) throws(OperationError) -> [String] {
        let known = standing.holds.map(\.id)
        guard let holdID else { return known }
        guard known.contains(holdID) else {
            throw OperationError(
                .failure,
                "snapshot \(id) has no hold '\(holdID)'",
                hint: known.isEmpty ? "it has none at all" : "its holds are \(known.joined(separator: ", "))"
            )
        }
        return [holdID]
    }
}

extension OperationContext {
    /// States facts in the name of whoever runs this; notices are told.
    func state(_ drafts: [FactDraft], in repository: Repository) async throws(RepositoryError) -> [Fact] {
        let stated = try await repository.state(drafts, by: actor)
        tell(stated.notices)
        return stated.facts
    }
}
