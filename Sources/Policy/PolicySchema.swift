import Foundation

/// The JSON Schema of policy files, for editors.
package enum PolicySchema {
    /// Pretty-printed, with sorted members and a line feed at its end: the same text for the same definitions.
    package static func text() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(schema), as: UTF8.self) + "\n"
    }

    private static var schema: JSONSchema {
        var schema = JSONSchema.object(of: PolicyFile.keys)
        schema.schema = "https://json-schema.org/draft/2020-12/schema"
        schema.title = "A policy of rewarm"
        schema.description = "What to back up, how, how long to keep it, and what to watch."
        return schema
    }
}
