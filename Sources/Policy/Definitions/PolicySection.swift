/// A map of keys in a policy file: the whole file, `guards:`, one entry of `hooks:`.
///
/// What a section holds is its properties, with their defaults; what may be written is its table of keys. Everything else
/// (parsing, messages, `policy show`, the JSON Schema, the reference) follows from these two. To add a key, add a property
/// and a row.
package protocol PolicySection: Sendable {
    /// All defaults.
    init()
    /// The rows, in the order of the reference.
    static var keys: [PolicyKey<Self>] { get }
    /// What is wrong although each key by itself is right; asked only then.
    var contradictions: [PolicyContradiction] { get }
}

extension PolicySection {
    package var contradictions: [PolicyContradiction] { [] }
}

/// Keys that do not go together.
package struct PolicyContradiction: Sendable {
    /// The key to point at, relative to the section, `daily.within`; empty for the section itself.
    let key: String
    let value: String
    /// The predicate of a sentence about the key.
    let problem: String
    let hint: String

    init(_ key: String, value: String = "", _ problem: String, hint: String) {
        (self.key, self.value, self.problem, self.hint) = (key, value, problem, hint)
    }
}

extension PolicySection {
    /// Reads a map by the section's table: every key that it has, every problem that there is.
    mutating func read(_ node: PolicyNode, _ reading: inout PolicyReading) {
        if node.isRefused { return }
        guard case .map(let members) = node.content else {
            let hint = "write its keys below it, indented: " + Self.keys.prefix(3).map(\.name).joined(separator: ", ")
            let subject = reading.keyPath.isEmpty ? "the file " : ""
            let fault = PolicyFault(subject + "is \(node.kind), where a map of keys belongs", hint: hint)
            return reading.report(fault, at: node.place)
        }
        var firstPlaces: [String: PolicyPlace] = [:]
        for (key, value) in members where !key.isRefused {
            guard let name = key.text, !name.isEmpty else {
                let what = key.text == nil ? key.kind : "an empty text"
                let subject = reading.keyPath.isEmpty ? "the file " : ""
                let fault = PolicyFault(subject + "has \(what) as a key", hint: "write a word before the colon")
                reading.report(fault, at: key.place)
                continue
            }
            let definition = Self.keys.first { $0.name == name }
            reading.enter(name, example: definition?.example) { reading in
                guard let definition else {
                    return reading.report(UnknownKey.fault(name, in: Self.keys.map(\.name)), at: key.place)
                }
                guard let first = firstPlaces[name] else {
                    firstPlaces[name] = key.place
                    reading.remember(value.text == nil ? key.place : value.place)
                    return read(value, of: key, by: definition, &reading)
                }
                let hint = "keep this or the one in line \(first.line)"
                reading.report(PolicyFault("stands here a second time", hint: hint), at: key.place)
                // What is wrong in there is told as well, whichever of both is kept.
                var other = self
                other.read(value, of: key, by: definition, &reading)
            }
        }
        if !reading.hasErrors(below: reading.keyPath) { report(contradictions, &reading) }
    }

    private mutating func read(
        _ value: PolicyNode,
        of key: PolicyNode,
        by definition: PolicyKey<Self>,
        _ reading: inout PolicyReading
    ) {
        if value.isRefused { return }
        if value.isNull {
            let fault = PolicyFault("has no value", hint: "write for example \(definition.example), or remove the key")
            return reading.report(fault, at: key.place)
        }
        definition.read(value, &self, &reading)
    }

    private func report(_ contradictions: [PolicyContradiction], _ reading: inout PolicyReading) {
        for contradiction in contradictions {
            let path = [reading.keyPath, contradiction.key].filter { !$0.isEmpty }.joined(separator: ".")
            reading.report(
                PolicyFault(contradiction.problem, hint: contradiction.hint),
                at: reading.place(of: path),
                keyPath: path,
                value: contradiction.value
            )
        }
    }
}
