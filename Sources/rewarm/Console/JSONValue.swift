/// A JSON value that keeps the order of its members: what `--json` prints.
///
/// Foundation's encoder would sort or shuffle the members and cost start-up time.
enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case unsigned(UInt64)
    /// Printed with at most four digits after the point; a value that JSON cannot hold prints as null.
    case number(Double)
    case string(String)
    indirect case array([JSONValue])
    indirect case object(JSONObject)

    /// The string, or null.
    static func optional(_ text: String?) -> Self { text.map { .string($0) } ?? .null }

    static func count(_ value: Int) -> Self { .integer(Int64(value)) }
}

/// The members of a JSON object in the order in which they were added.
struct JSONObject: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    private(set) var members: [Member]

    struct Member: Hashable, Sendable {
        let name: String
        let value: JSONValue
    }

    init(dictionaryLiteral elements: (String, JSONValue)...) {
        members = elements.map { Member(name: $0.0, value: $0.1) }
    }

    mutating func add(_ name: String, _ value: JSONValue) {
        members.append(Member(name: name, value: value))
    }

    mutating func add(_ other: Self) {
        members += other.members
    }

    /// The object on one line, without a line feed at its end.
    var text: String {
        var output = ""
        JSONValue.object(self).write(to: &output)
        return output
    }
}

extension JSONValue {
    fileprivate func write(to output: inout String) {
        switch self {
        case .null: output += "null"
        case .bool(let value): output += value ? "true" : "false"
        case .integer(let value): output += String(value)
        case .unsigned(let value): output += String(value)
        case .number(let value): output += Self.decimalText(value)
        case .string(let text): Self.write(text, to: &output)
        case .array(let values):
            output += "["
            for (index, value) in values.enumerated() {
                if index > 0 { output += "," }
                value.write(to: &output)
            }
            output += "]"
        case .object(let object):
            output += "{"
            for (index, member) in object.members.enumerated() {
                if index > 0 { output += "," }
                Self.write(member.name, to: &output)
                output += ":"
                member.value.write(to: &output)
            }
            output += "}"
        }
    }

    private static func decimalText(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e14 else { return "null" }
        let scaled = Int64((value * 10_000).rounded())
        let fraction = abs(scaled % 10_000)
        let sign = scaled < 0 ? "-" : ""
        guard fraction != 0 else { return sign + String(abs(scaled / 10_000)) }
        let digits = String(fraction)
        let padded = String(repeating: "0", count: 4 - digits.count) + digits
        let trimmed = padded.reversed().drop { $0 == "0" }.reversed()
        return sign + String(abs(scaled / 10_000)) + "." + String(trimmed)
    }

    /// RFC 8259, section 7: quotation mark, backslash and control characters are escaped.
    private static func write(_ text: String, to output: inout String) {
        output += "\""
        defer { output += "\"" }
        // Nearly every text: neither escaped nor looked at scalar by scalar.
        var plain = text
        let isPlain = plain.withUTF8 { bytes in
            bytes.allSatisfy { 0x20 <= $0 && $0 <= 0x7E && $0 != 0x22 && $0 != 0x5C }
        }
        guard !isPlain else { return output += text }
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: output.unicodeScalars.append(scalar)
            }
        }
    }
}
