import TestSupport
import Testing

/// The names of all fields that each command printed, by type of line: what programs may rely on.
struct ShapeBook {
    private var paths: Set<String> = []

    mutating func add(_ lines: [JSONTree], of verb: String) {
        for line in lines { collect(line, path: verb + " " + (line["type"].text ?? "?") + " ") }
    }

    private mutating func collect(_ value: JSONTree, path: String) {
        switch value {
        case .object(let members):
            for (name, member) in members where name != "schema" && name != "type" {
                // The names of tags and of reasons, with the classes and types that they have inside, are data.
                let isData = ["tags.", "errorTexts.", "reasons.", "omissions."].contains { path.contains($0) }
                if !isData {
                    paths.insert(path + name)
                    #expect(Self.isLowerCamelCase(name), "\(path)\(name)")
                }
                collect(member, path: path + name + ".")
            }
        case .array(let elements): for element in elements { collect(element, path: path.dropLast() + "[].") }
        case .null, .boolean, .number, .string: break
        }
    }

    private static func isLowerCamelCase(_ name: String) -> Bool {
        name.first.map { $0.isLowercase } ?? false && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
    }

    func expectGolden() throws {
        try Golden.expect(paths.sorted().joined(separator: "\n") + "\n", "json-fields.txt")
    }
}
