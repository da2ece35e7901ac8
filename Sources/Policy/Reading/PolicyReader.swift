/// Reads policy files.
package enum PolicyReader {
    /// A policy file is a page of text; anything beyond this is something else.
    package static let longestByteCount = 1 << 20

    /// Reads a policy, or tells all that is wrong with it.
    ///
    /// The file's name is for messages and for the policy's default name. Relative names in the policy start at the
    /// directory: without one given, that of the file.
    package static func read(
        text: String,
        fileName: String,
        directory: String? = nil
    ) throws(InvalidPolicy) -> PolicyFile {
        guard text.utf8.count <= longestByteCount else {
            throw invalid(
                fileName,
                "the file is larger than 1 MiB",
                "a policy is a page of text; is this the right file?"
            )
        }
        // A byte order mark says nothing in UTF-8; editors do not count it as a column.
        let tree = PolicyTree(text.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text)
        var reading = PolicyReading(directory: directory ?? Self.directory(of: fileName))
        reading.add(tree.problems)
        var policy = PolicyFile()
        if let root = tree.root, !root.isNull {
            policy.read(root, &reading)
        } else if tree.problems.isEmpty {
            throw invalid(fileName, "the file is empty", "begin with source: {url: \"redis://127.0.0.1:6379\"}")
        }
        let problems = reading.problems.sorted { ($0.place, $0.keyPath) < ($1.place, $1.keyPath) }
        guard problems.allSatisfy({ $0.severity == .warning }) else {
            throw InvalidPolicy(fileName: fileName, problems: problems)
        }
        policy.complete(fileName: fileName, places: reading.places, warnings: problems)
        return policy
    }

    /// Everything before the last slash; empty for the working directory.
    static func directory(of fileName: String) -> String {
        guard let slash = fileName.lastIndex(of: "/") else { return "" }
        return slash == fileName.startIndex ? "/" : String(fileName[..<slash])
    }

    static func invalid(
        _ fileName: String,
        _ problem: String,
        _ hint: String,
        at place: PolicyPlace = .start
    )
        -> InvalidPolicy
    {
        InvalidPolicy(
            fileName: fileName,
            problems: [PolicyProblem(place: place, keyPath: "", value: "", problem: problem, hint: hint)]
        )
    }
}
