import Policy

/// The part of the article on policy files that follows from the table of keys.
enum ReferenceArticle {
    /// One table for each section, the top level first.
    static var tables: String {
        let sections = PolicyReference.entries.filter(\.isSection)
        let top = table(PolicyReference.entries.filter { !$0.keyPath.contains(".") && !$0.isSection })
        return "\n### The file\n\n" + top + sections.map(section).joined()
    }

    private static func section(_ section: PolicyReference.Entry) -> String {
        let rows = PolicyReference.entries.filter {
            $0.keyPath.hasPrefix(section.keyPath + ".") && !$0.isSection
                && !$0.keyPath.dropFirst(section.keyPath.count + 1).contains(".")
        }
        return "\n### \(section.keyPath)\n\n\(section.summary).\n\n" + table(rows)
    }

    private static func table(_ entries: [PolicyReference.Entry]) -> String {
        let rows = entries.map { entry in
            let standard = entry.standard.map { $0.contains(" ") && !$0.hasPrefix("[") ? $0 : "`\($0)`" } ?? ""
            let cells = ["`\(entry.name)`", entry.kind, standard, "`\(entry.example)`", entry.summary + "."]
            return "| " + cells.joined(separator: " | ") + " |\n"
        }
        return "| key | value | default | example | |\n|---|---|---|---|---|\n" + rows.joined() + "\n"
    }
}
