/// Every key of a policy file, flat and in order: for the reference, for `policy show`, and for hints.
package enum PolicyReference {
    /// One key, with its path from the root of the file.
    package struct Entry: Sendable {
        package let keyPath: String
        package let name: String
        /// What its value is: `duration`, `section`.
        package let kind: String
        package let summary: String
        package let example: String
        /// As it would stand in a file, or a description of it; nil if there is none.
        package let standard: String?
        package let isSection: Bool
        /// The value in a file; nil if there is none.
        package let text: @Sendable (PolicyFile) -> String?
        /// Puts a value in; see `PolicyKey`.
        let read: @Sendable (PolicyNode, inout PolicyFile, inout PolicyReading) -> Void
    }

    package static let entries: [Entry] = entries(of: PolicyFile.keys, below: "")

    private static let defaults = PolicyFile()

    private static func entries(of keys: [PolicyKey<PolicyFile>], below path: String) -> [Entry] {
        keys.flatMap { key in
            let keyPath = path + key.name
            let entry = Entry(
                keyPath: keyPath,
                name: key.name,
                kind: key.kind,
                summary: key.summary,
                example: key.example,
                standard: key.standard ?? (key.children.isEmpty ? key.text(defaults) : nil),
                isSection: !key.children.isEmpty,
                text: key.text,
                read: key.read
            )
            return [entry] + entries(of: key.children, below: keyPath + ".")
        }
    }
}
