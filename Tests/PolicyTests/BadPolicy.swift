import Foundation
import TestSupport
import Testing

/// A policy file with mistakes, and every line that is to be said about it.
///
/// They stand together in `Goldens/bad-*.txt`: a line `=== NAME`, the file's text, and behind `> ` what is said, as
/// `LINE:COLUMN: what; what would be right`. To add one, write name and text, and run with REWARM_RECORD_GOLDENS=1.
struct BadPolicy: Sendable, CustomTestStringConvertible {
    static let groups = ["syntax", "keys", "values", "sections"]

    let name: String
    let text: String
    let problems: [String]

    var testDescription: String { name }

    static let all: [Self] = groups.flatMap { (try? read($0)) ?? [] }

    static func path(of group: String) -> String { "Tests/PolicyTests/Goldens/bad-\(group).txt" }

    static func read(_ group: String) throws -> [Self] {
        let cases = try ProjectFile.read(path(of: group)).text.split(separator: "=== ")
        return cases.map { text in
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            let body = lines.dropFirst().prefix { !$0.hasPrefix("> ") && !$0.isEmpty }
            return Self(
                name: String(lines[0]),
                text: body.map { $0 + "\n" }.joined(),
                problems: lines.filter { $0.hasPrefix("> ") }.map { String($0.dropFirst(2)) }
            )
        }
    }

    /// Writes a group anew with what is said now; the diff is to be read.
    static func record(_ group: String, by say: (String) -> [String]) throws {
        let text = try read(group).map { bad in
            "=== \(bad.name)\n\(bad.text)" + say(bad.text).map { "> \($0)\n" }.joined() + "\n"
        }
        let url = URL(fileURLWithPath: ProjectFile.root + "/" + path(of: group))
        try Data(text.joined().utf8).write(to: url)
    }
}
