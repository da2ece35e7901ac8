import SnapshotModel

/// Which backups need which, over all groups: what is not deleted keeps its parents, and theirs.
struct ParentLinks {
    /// A backup: its group's position among the drafts, its own among the members.
    private struct Place: Hashable {
        var group: Int
        var member: Int
    }

    private var parents: [Place: [Place]] = [:]

    init(_ drafts: [GroupDraft]) {
        // Most repositories hold full backups only.
        guard drafts.contains(where: { $0.members.contains { !$0.parents.isEmpty } }) else { return }
        var places: [String: Place] = [:]
        for (group, draft) in drafts.enumerated() {
            for (member, backup) in draft.members.enumerated() {
                places[backup.id] = Place(group: group, member: member)
            }
        }
        for (group, draft) in drafts.enumerated() {
            for (member, backup) in draft.members.enumerated() where !backup.parents.isEmpty {
                let own = Place(group: group, member: member)
                var seen: Set<Place> = [own]
                let found = backup.parents.compactMap { places[$0] }.filter { seen.insert($0).inserted }
                if !found.isEmpty { parents[own] = found }
            }
        }
    }

    /// Gives the parents of everything that is not deleted a reason each, naming every child in the total order.
    func keepNeeded(_ drafts: inout [GroupDraft]) {
        guard !parents.isEmpty else { return }
        var alive = Set(parents.keys.filter { drafts[$0.group].decision(of: $0.member) != .delete })
        var pending = Array(alive)
        while let child = pending.popLast() {
            for parent in parents[child] ?? [] where alive.insert(parent).inserted { pending.append(parent) }
        }
        for child in alive.sorted(by: { ($0.group, $0.member) < ($1.group, $1.member) }) {
            let id = drafts[child.group].members[child.member].id
            for parent in parents[child] ?? [] { drafts[parent.group].reasons[parent.member].append(.neededBy(id)) }
        }
    }

    /// A parent is deleted no earlier than the last of its children; never, if one of them is never deleted.
    func extend(_ forecasts: inout [[UnixMilliseconds?]]) {
        // A child's forecast may itself be extended later: repeat until nothing changes, at most the longest chain.
        var isChanged = !parents.isEmpty
        while isChanged {
            isChanged = false
            for (child, parents) in parents {
                let needed = forecasts[child.group][child.member]
                for parent in parents {
                    guard let own = forecasts[parent.group][parent.member] else { continue }
                    let later = needed.map { max($0, own) }
                    if later != own {
                        forecasts[parent.group][parent.member] = later
                        isChanged = true
                    }
                }
            }
        }
    }
}
