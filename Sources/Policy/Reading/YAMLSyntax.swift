import Yams

/// What Yams says about text that is no YAML, in words that help.
enum YAMLSyntax {
    static func problem(_ error: any Error, in text: String) -> PolicyProblem {
        guard let error = error as? YamlError else { return problem(.start, String(describing: error), nil) }
        switch error {
        case .scanner(let context, let words, let mark, _), .parser(let context, let words, let mark, _),
            .composer(let context, let words, let mark, _):
            // The mistake is often where a thing begins that never ends.
            let isOpen = words.contains("unexpected end of stream") || words.contains("document indicator")
            let place = PolicyPlace(isOpen ? context?.mark ?? mark : mark)
            var said = words
            if let context {
                said += " " + context.text
                if context.mark.line < place.line { said += " that begins in line \(context.mark.line)" }
            }
            if scalar(at: place, in: text) == "\t" { return problem(place, said, "indent with spaces, no tabs") }
            return problem(place, said, hint(for: words, context?.text ?? ""))
        case .reader(let words, let offset, _, _):
            return problem(
                place(of: offset ?? 0, in: text),
                words,
                "remove the character; a policy is plain text in UTF-8"
            )
        default:
            return problem(.start, "is no YAML that can be read", nil)
        }
    }

    private static func problem(_ place: PolicyPlace, _ words: String, _ hint: String?) -> PolicyProblem {
        PolicyProblem(
            place: place,
            keyPath: "",
            value: "",
            problem: "no valid YAML: " + words,
            hint: hint ?? "a policy is lines of 'key: value', sections indented by spaces"
        )
    }

    /// By what libyaml says; its words are those of scanner.c and parser.c of version 0.2.5.
    private static let hints: [(words: String, hint: String)] = [
        ("found character that cannot start any token", "put text that begins with @, ` or % in quotes"),
        ("found a tab character", "indent with spaces, no tabs"),
        ("mapping values are not allowed", "put the text in quotes if it holds ': ', or correct the indentation"),
        ("could not find expected ':'", "write 'key: value', with a colon and a space"),
        ("did not find expected key", "let the keys of a section begin in the same column"),
        ("did not find expected '-' indicator", "let the items of a list begin in the same column"),
        ("did not find expected ',' or ']'", "end the list with ] and part its items by commas"),
        ("did not find expected ',' or '}'", "end the map with } and part its members by commas"),
        ("unexpected end of stream", "end the text with the quote that it begins with"),
        ("document indicator", "end the text with the quote that it begins with"),
        ("block sequence entries are not allowed", "begin the list on a line of its own"),
        ("found undefined alias", "put text that begins with * in quotes"),
        ("scanning an alias", "put text that begins with * in quotes"),
        ("scanning an anchor", "put text that begins with & in quotes"),
        ("incompatible YAML document", "remove the line that begins with %YAML"),
        ("expected node content", "write the value that is missing, or remove the bracket or comma"),
        ("unknown escape character", "put text with a backslash in single quotes"),
        ("exceeded", "a policy has at most four levels"),
    ]

    private static func hint(for words: String, _ context: String) -> String? {
        hints.first { words.contains($0.words) || context.contains($0.words) }?.hint
    }

    private static func place(of offset: Int, in text: String) -> PolicyPlace {
        let lines = text.prefix(offset).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        return PolicyPlace(line: max(lines.count, 1), column: (lines.last?.unicodeScalars.count ?? 0) + 1)
    }

    private static func scalar(at place: PolicyPlace, in text: String) -> Unicode.Scalar? {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard lines.indices.contains(place.line - 1) else { return nil }
        return lines[place.line - 1].unicodeScalars.dropFirst(place.column - 1).first
    }
}

extension PolicyPlace {
    /// Yams ends a text without a line feed one line too late.
    func within(_ text: String) -> Self {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard line > lines.count, let last = lines.last else { return self }
        return Self(line: lines.count, column: last.unicodeScalars.count + 1)
    }

    init(_ mark: Mark) {
        self.init(line: mark.line, column: mark.column)
    }
}
