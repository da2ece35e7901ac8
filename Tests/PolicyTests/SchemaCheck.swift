import TestSupport

@testable import Policy

/// A small JSON Schema validator of its own: only the keywords that the policy's schema has, on nodes of YAML.
///
/// Scalars have the types of YAML 1.2's core schema, as an editor sees them.
struct SchemaCheck {
    let schema: JSONTree

    func accepts(_ node: PolicyNode) throws -> Bool {
        for (keyword, value) in schema.members where try !holds(keyword, value, node) { return false }
        return true
    }

    private func holds(_ keyword: String, _ value: JSONTree, _ node: PolicyNode) throws -> Bool {
        switch (keyword, node.content) {
        case ("type", _):
            let own = node.jsonTypes
            return (value.array.isEmpty ? [value] : value.array).contains { own.contains($0.text ?? "") }
        case ("enum", .scalar(let scalar)): return value.array.contains { $0.text == scalar.text }
        case ("enum", _): return false
        case ("pattern", .scalar(let scalar)) where node.jsonTypes.contains("string"):
            return try scalar.text.firstMatch(of: Regex(value.text ?? "").matchingSemantics(.unicodeScalar)) != nil
        case ("minLength", .scalar(let scalar)): return scalar.text.unicodeScalars.count >= Int(value.integer ?? 0)
        case ("minimum", .scalar(let scalar)): return Int64(scalar.text).map { $0 >= value.integer ?? .min } ?? true
        case ("maximum", .scalar(let scalar)): return Int64(scalar.text).map { $0 <= value.integer ?? .max } ?? true
        case ("anyOf", _): return try value.array.contains { try Self(schema: $0).accepts(node) }
        case ("items", .list(let items)): return try items.allSatisfy { try Self(schema: value).accepts($0) }
        case ("properties", .map(let members)):
            return try members.allSatisfy { key, member in
                guard let inner = key.text.flatMap({ value.members[$0] }) else { return true }
                return try Self(schema: inner).accepts(member)
            }
        case ("additionalProperties", .map(let members)):
            let named = Set(schema["properties"].members.keys)
            let others = members.filter { !named.contains($0.key.text ?? "") }
            if case .boolean(false) = value { return others.isEmpty }
            return try others.allSatisfy { try Self(schema: value).accepts($0.value) }
        case ("pattern", _), ("minLength", _), ("minimum", _), ("maximum", _), ("items", _), ("properties", _),
            ("additionalProperties", _), ("description", _), ("title", _), ("default", _), ("$schema", _):
            return true
        default: throw TestEnvironmentError.failed("schema", "the keyword \(keyword) is new")
        }
    }
}

extension PolicyNode {
    /// The JSON types that the node has.
    fileprivate var jsonTypes: Set<String> {
        switch content {
        case .list: return ["array"]
        case .map: return ["object"]
        case .refused: return []
        case .scalar(let scalar):
            guard scalar.isPlain else { return ["string"] }
            if isNull { return ["null"] }
            if scalar.text.wholeMatch(of: /true|True|TRUE|false|False|FALSE/) != nil { return ["boolean"] }
            if scalar.text.wholeMatch(of: /[-+]?[0-9]+/) != nil { return ["integer", "number"] }
            let float = /[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?/
            return scalar.text.wholeMatch(of: float) != nil ? ["number"] : ["string"]
        }
    }
}
