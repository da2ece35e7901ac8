package import Foundation

/// A list of snapshots that somebody wrote to try a policy on: a JSON array of objects.
///
/// Needed are `id` and `takenAt`; the article "Retention" describes every field and what each accepts. Fields that it does
/// not name are ignored, so that the output of `rewarm list --json`, put into an array, can be used.
package struct WhatIfList: Sendable {
    package var backups: [Backup]

    /// A mistake in the list: in which element, at which field.
    package struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
        /// The element's position from 0; nil if the text as a whole is wrong.
        package var element: Int?
        /// The element's id, if it has one that can be read.
        package var id: String?
        /// The field as a path: `holds[1].until`; empty for the whole element.
        package var field: String
        /// What is wrong, with the value, as the predicate of a sentence.
        package var problem: String
        /// What would be right.
        package var hint: String

        package var description: String {
            let place = element.map { "element \($0)" + (id.map { " (id '\($0)')" } ?? "") } ?? "the list"
            return place + (field.isEmpty ? " " : ": " + field + " ") + problem + "; " + hint
        }
    }

    /// All the mistakes of a list.
    package struct Invalid: Error, Hashable, Sendable, CustomStringConvertible {
        package var problems: [Problem]
        package var description: String { problems.map(\.description).joined(separator: "\n") }
    }

    /// Reads the text of the list.
    ///
    /// An element without `group` is grouped by `groupBy` from its `source`, `policy`, `engine`, `method` and `tags`;
    /// elements with none of them form the group `all`.
    package init(json: Data, groupBy keys: [GroupKey]) throws(Invalid) {
        let hint = "write an array of objects: [{\"id\": \"a\", \"takenAt\": \"2026-11-21T07:05:00Z\"}]"
        let root: JSONValue
        do {
            root = try JSONDecoder().decode(JSONValue.self, from: json)
        } catch {
            throw Invalid(problems: [Problem(field: "", problem: "is not valid JSON", hint: hint)])
        }
        guard case .array(let elements) = root else {
            throw Invalid(problems: [Problem(field: "", problem: "is \(root.kind), not an array", hint: hint)])
        }
        var problems: [Problem] = []
        var positions: [String: Int] = [:]
        backups = []
        for (position, element) in elements.enumerated() {
            var reader = WhatIfElement(element, position: position)
            let backup = reader.backup(groupBy: keys)
            problems += reader.problems
            guard let backup else { continue }
            if let other = positions[backup.id] {
                let text = "is that of element \(other), too"
                problems.append(
                    Problem(element: position, id: backup.id, field: "id", problem: text, hint: "give each its own")
                )
            }
            positions[backup.id] = position
            backups.append(backup)
        }
        if !problems.isEmpty { throw Invalid(problems: problems) }
    }
}
