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
            return reading.report(
                PolicyFault("is \(node.kind), where a map of keys belongs", hint: hint),
                at: node.place
            )
        }
        let keyPath = reading.keyPath
        var firstPlaces: [String: PolicyPlace] = [:]
        for (key, value) in members where !key.isRefused {
            guard let name = key.text else {
                reading.report(
                    PolicyFault("has \(key.kind) as a key", hint: "write a word before the colon"),
                    at: key.place
                )
                continue
            }
            let definition = Self.keys.first { $0.name == name }
            reading.enter(name, example: definition?.example) { reading in
                if let first = firstPlaces[name] {
                    let fault = PolicyFault(
                        "stands here a second time",
                        hint: "keep this or the one in line \(first.line)"
                    )
                    return reading.report(fault, at: key.place)
                }
                firstPlaces[name] = key.place
                guard let definition else {
                    return reading.report(UnknownKey.fault(name, in: Self.keys.map(\.name)), at: key.place)
                }
                reading.remember(value.isNull ? key.place : value.place)
                if value.isRefused { return }
                if value.isNull {
                    return reading.report(
                        PolicyFault("has no value", hint: "write \(definition.example), or remove the key"),
                        at: key.place
                    )
                }
                definition.read(value, &self, &reading)
            }
        }
        guard !reading.hasErrors(below: keyPath) else { return }
        for contradiction in contradictions {
            let path = [keyPath, contradiction.key].filter { !$0.isEmpty }.joined(separator: ".")
            reading.report(
                PolicyFault(contradiction.problem, hint: contradiction.hint),
                at: reading.place(of: path),
                keyPath: path,
                value: contradiction.value
            )
        }
    }
}
