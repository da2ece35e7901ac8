package import Foundation

/// A JSON value read for a test: `value["counts"]["restored"].integer`.
package enum JSONTree: Hashable, Sendable, Decodable {
    case null
    case boolean(Bool)
    case number(Decimal)
    case string(String)
    case array([JSONTree])
    case object([String: JSONTree])

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Decimal.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONTree].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONTree].self))
        }
    }

    /// The member of an object, the null value where there is none.
    package subscript(key: String) -> JSONTree {
        if case .object(let members) = self { members[key] ?? .null } else { .null }
    }

    package var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    package var integer: Int64? {
        if case .number(let number) = self { NSDecimalNumber(decimal: number).int64Value } else { nil }
    }

    package var boolean: Bool? {
        if case .boolean(let value) = self { value } else { nil }
    }

    package var array: [JSONTree] {
        if case .array(let elements) = self { elements } else { [] }
    }

    package var members: [String: JSONTree] {
        if case .object(let members) = self { members } else { [:] }
    }
}
