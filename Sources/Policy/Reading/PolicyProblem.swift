/// Where something stands in a policy file, from 1; columns count Unicode scalars, a byte order mark not.
package struct PolicyPlace: Hashable, Comparable, Sendable {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        (self.line, self.column) = (line, column)
    }

    /// The beginning of the file.
    package static let start = Self(line: 1, column: 1)

    package static func < (left: Self, right: Self) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

extension PolicyPlace {
    /// Where a key stands, or the nearest key above it, or the beginning of the file.
    static func nearest(to keyPath: String, in places: [String: Self]) -> Self {
        var rest = Substring(keyPath)
        while !rest.isEmpty {
            if let place = places[String(rest)] { return place }
            rest = rest.lastIndex { $0 == "." || $0 == "[" }.map { rest[..<$0] } ?? ""
        }
        return .start
    }
}

/// Something that is wrong or unwise in a policy file: where, what stands there, and what would be right.
package struct PolicyProblem: Error, Hashable, Sendable {
    package enum Severity: String, Sendable {
        /// The policy cannot be used.
        case error
        /// It can, and somebody should know.
        case warning
    }

    package var severity = Severity.error
    package var place: PolicyPlace
    /// `guards.min-keys`, `hooks.before[2].timeout`; empty where it is about the file as a whole.
    package var keyPath: String
    /// What stands there, shortened; empty for maps and lists, and for what could be a secret.
    package var value: String
    /// What is wrong, as the predicate of a sentence about the key, or a whole sentence where there is none.
    package var problem: String
    /// What would be right.
    package var hint: String

    /// Without place and severity: `guards.min-keys '010' begins with a zero; write 10`.
    package var message: String {
        let subject = keyPath + (value.isEmpty ? "" : (keyPath.isEmpty ? "" : " ") + "'\(value)'")
        return (subject.isEmpty ? "" : subject + " ") + problem + "; " + hint
    }
}

extension PolicyProblem: CustomStringConvertible {
    /// As compilers write it, for editors that jump to it: `web.yaml:4:10: …` without the file's name.
    package var description: String {
        "\(place.line):\(place.column): " + (severity == .warning ? "warning: " : "") + message
    }
}

/// A policy file that cannot be used, because of all these problems.
package struct InvalidPolicy: Error, Sendable {
    package var fileName: String
    /// At least one error, sorted by place; warnings may be among them.
    package var problems: [PolicyProblem]
}

extension InvalidPolicy: CustomStringConvertible {
    package var description: String {
        problems.map { "\(fileName):\($0)" }.joined(separator: "\n")
    }
}

/// Why a value is wrong, before it is known where it stands.
struct PolicyFault: Error {
    /// The predicate of a sentence about the key.
    let problem: String
    /// What would be right; nil for the example of the key's definition.
    let hint: String?
    var severity = PolicyProblem.Severity.error
    /// Whether the value could hold a secret, and is not to be repeated.
    var hidesValue = false

    init(_ problem: String, hint: String? = nil) {
        (self.problem, self.hint) = (problem, hint)
    }
}
