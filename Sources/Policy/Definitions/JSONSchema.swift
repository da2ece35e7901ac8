/// A JSON Schema, draft 2020-12, as far as policies need it.
///
/// Source of the keywords: json-schema.org/draft/2020-12/schema.
package struct JSONSchema: Encodable, Sendable {
    /// A value that stands for itself.
    enum Literal: Encodable, Hashable, Sendable {
        case bool(Bool)
        case integer(Int64)
        case string(String)

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .bool(let value): try container.encode(value)
            case .integer(let value): try container.encode(value)
            case .string(let value): try container.encode(value)
            }
        }
    }

    var schema: String?
    var title: String?
    var description: String?
    var type: [String]?
    var choices: [String]?
    var pattern: String?
    var minimum: Int64?
    var maximum: Int64?
    var minLength: Int?
    var items: [JSONSchema] = []
    var properties: [String: JSONSchema]?
    /// Of members that `properties` does not name: their schema, or none are allowed.
    var otherMembers: [JSONSchema]?
    var anyOf: [JSONSchema]?
    var standard: Literal?

    enum CodingKeys: String, CodingKey {
        case schema = "$schema"
        case title
        case description
        case type
        case choices = "enum"
        case pattern
        case minimum
        case maximum
        case minLength
        case items
        case properties
        case additionalProperties
        case anyOf
        case standard = "default"
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(schema, forKey: .schema)
        try container.encodeIfPresent(title, forKey: .title)
        try container.encodeIfPresent(description, forKey: .description)
        if let type, type.count == 1 {
            try container.encode(type[0], forKey: .type)
        } else {
            try container.encodeIfPresent(type, forKey: .type)
        }
        try container.encodeIfPresent(choices, forKey: .choices)
        try container.encodeIfPresent(pattern, forKey: .pattern)
        try container.encodeIfPresent(minimum, forKey: .minimum)
        try container.encodeIfPresent(maximum, forKey: .maximum)
        try container.encodeIfPresent(minLength, forKey: .minLength)
        try container.encodeIfPresent(items.first, forKey: .items)
        try container.encodeIfPresent(properties, forKey: .properties)
        if let otherMembers {
            if let schema = otherMembers.first {
                try container.encode(schema, forKey: .additionalProperties)
            } else {
                try container.encode(false, forKey: .additionalProperties)
            }
        }
        try container.encodeIfPresent(anyOf, forKey: .anyOf)
        try container.encodeIfPresent(standard, forKey: .standard)
    }
}

extension JSONSchema {
    static let string = Self(type: ["string"], minLength: 1)
    /// What YAML may take for something else and a policy takes as the text that it is.
    static let text = Self(type: ["string", "number", "boolean"])
    static let boolean = Self(type: ["boolean"])

    static func integer(_ minimum: Int64, _ maximum: Int64) -> Self {
        Self(type: ["integer"], minimum: minimum, maximum: maximum == .max ? nil : maximum)
    }

    static func pattern(_ pattern: String) -> Self { Self(type: ["string"], pattern: pattern) }
    static func oneOf(_ words: [String]) -> Self { Self(choices: words) }
    static func any(of schemas: [Self]) -> Self { Self(anyOf: schemas) }
    static func list(of item: Self) -> Self { Self(type: ["array"], items: [item]) }
    static func object(ofValues value: Self) -> Self { Self(type: ["object"], otherMembers: [value]) }

    /// The keys of a section and no others.
    static func object<Section: PolicySection>(of keys: [PolicyKey<Section>]) -> Self {
        Self(
            type: ["object"],
            properties: Dictionary(keys.map { ($0.name, documented($0)) }) { $1 },
            otherMembers: []
        )
    }

    /// A default as JSON; nil for lists and maps.
    private static func literal(_ text: String, of schema: Self) -> Literal? {
        if text.hasPrefix("[") || text.hasPrefix("{") { return nil }
        if schema.type == ["boolean"] { return .bool(text == "true") }
        let isNumber = schema.type == ["integer"] || schema.anyOf?.contains { $0.type == ["integer"] } == true
        return (isNumber ? Int64(text).map { .integer($0) } : nil) ?? .string(text)
    }

    private static func documented<Section: PolicySection>(_ key: PolicyKey<Section>) -> Self {
        var schema = key.schema
        schema.description = key.summary + "."
        if key.children.isEmpty, key.standard == nil {
            schema.standard = key.text(Section()).flatMap { literal($0, of: schema) }
        }
        return schema
    }
}
