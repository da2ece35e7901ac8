import TestSupport

extension ProjectFile {
    /// The modules that the file imports, in its order.
    var importedModules: [String] {
        lines.compactMap { line in
            var words = line.split(separator: " ")
            while let word = words.first, Self.modifiers.contains(word) || word.hasPrefix("@") { words.removeFirst() }
            guard words.first == "import", words.count >= 2 else { return nil }
            words.removeFirst()
            if words.count >= 2, Self.kinds.contains(words[0]) { words.removeFirst() }
            return words[0].split(separator: ".").first.map(String.init)
        }
    }

    private static let modifiers: Set<Substring> = ["package", "public", "internal", "private", "fileprivate"]
    private static let kinds: Set<Substring> = [
        "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
    ]
}
