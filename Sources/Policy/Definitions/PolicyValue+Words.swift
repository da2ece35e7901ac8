extension PolicyValue<String> {
    /// Any text on one line; numbers and words like `yes` are taken as they stand.
    static let text = scalar("text", .text, text: PolicyText.quoted) { scalar, _ throws(PolicyFault) in
        try PolicyText.line(scalar.text)
    }
}

extension PolicyValue<[String: String]> {
    /// A map from names to texts.
    static let labels = PolicyValue(
        name: "map of texts",
        schema: .object(ofValues: .text),
        read: { node, reading in
            guard case .map(let members) = node.content else {
                if !node.isRefused {
                    reading.report(PolicyFault("is \(node.kind), not a map of texts"), at: node.place)
                }
                return nil
            }
            var labels: [String: String] = [:]
            for (key, value) in members where !key.isRefused {
                guard let name = key.text, !name.isEmpty else {
                    reading.report(PolicyFault("has a name that is no text"), at: key.place)
                    continue
                }
                reading.enter(name) { reading in
                    if labels[name] != nil {
                        reading.report(
                            PolicyFault("stands here a second time", hint: "keep one of them"),
                            at: key.place
                        )
                    } else if value.isNull {
                        reading.report(PolicyFault("has no value", hint: "write '' for an empty one"), at: key.place)
                    } else if let text = PolicyValue<String>.label.read(value, &reading) {
                        labels[name] = text
                    }
                }
            }
            return labels
        },
        text: { labels in
            let members = labels.sorted { $0.key < $1.key }.map { PolicyText.quoted($0) + ": " + PolicyText.quoted($1) }
            return "{" + members.joined(separator: ", ") + "}"
        }
    )
}

extension PolicyValue<String> {
    /// Like `text`, and may be empty.
    fileprivate static let label = scalar("text", .text, text: PolicyText.quoted) { scalar, _ throws(PolicyFault) in
        scalar.text.isEmpty ? "" : try PolicyText.line(scalar.text)
    }
}

extension PolicyValue<Bool> {
    static let flag = scalar("true or false", .boolean, text: { $0 ? "true" : "false" }) {
        scalar,
        _ throws(PolicyFault) in
        switch (scalar.text, scalar.isPlain) {
        case ("true", true): return true
        case ("false", true): return false
        case ("true", false), ("false", false):
            throw PolicyFault("is text in quotes", hint: "write \(scalar.text) without quotes")
        default: break
        }
        switch scalar.text.lowercased() {
        case "true", "yes", "y", "on", "1": throw PolicyFault("is neither true nor false", hint: "write true")
        case "false", "no", "n", "off", "0": throw PolicyFault("is neither true nor false", hint: "write false")
        default: throw PolicyFault("is neither true nor false", hint: "write true or false")
        }
    }
}

extension PolicyValue where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of a few words.
    static var choice: Self {
        let words = Value.allCases.map(\.rawValue)
        return scalar(words.joined(separator: ", "), .oneOf(words), text: \.rawValue) {
            scalar,
            _ throws(PolicyFault) in
            if let value = Value(rawValue: scalar.text) { return value }
            let near = NearestName.of(scalar.text, in: words).map { "did you mean \($0)? " } ?? ""
            throw PolicyFault("is not known", hint: near + "possible are " + words.joined(separator: ", "))
        }
    }
}

/// Texts in a policy file.
enum PolicyText {
    static let longestByteCount = 4096

    /// The text itself if it is one line of sane length.
    static func line(_ text: String) throws(PolicyFault) -> String {
        if text.allSatisfy(\.isWhitespace) { throw PolicyFault("is empty") }
        if text.utf8.count > longestByteCount {
            throw PolicyFault("is longer than \(longestByteCount) bytes", hint: "shorten it")
        }
        if text.unicodeScalars.contains(where: isControl) {
            throw PolicyFault("holds line breaks or control characters", hint: "write it on one line")
        }
        if text.first?.isWhitespace == true || text.last?.isWhitespace == true {
            throw PolicyFault("begins or ends with a space", hint: "remove it")
        }
        return text
    }

    /// Control characters, and those that turn the direction of text on a screen.
    static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .control || (0x202A...0x202E).contains(scalar.value)
            || (0x2066...0x2069).contains(scalar.value)
    }

    /// As it would stand in a file: in quotes only where it needs them.
    static func quoted(_ text: String) -> String {
        let isPlain =
            text.first.map { $0.isLetter || $0.isNumber || $0 == "/" || $0 == "." || $0 == "_" } == true
            && text.allSatisfy { $0.isLetter || $0.isNumber || "/._-:@+=%".contains($0) } && text.last != ":"
        return isPlain ? text : "'" + text.replacing("'", with: "''") + "'"
    }
}
