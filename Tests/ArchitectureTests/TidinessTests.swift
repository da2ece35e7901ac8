import Foundation
import TestSupport
import Testing

/// What a stranger would trip over.
struct TidinessTests {
    private static let longestFile = 400
    /// Each mark with what it is looked for in.
    private static let marks: [(name: String, pattern: String)] = [
        ("unfinished work", #"\b(TODO|FIXME|XXX)\b"#),
        ("a forced try", #"\btry!"#),
        ("a forced cast", #"\bas!"#),
        ("a crash", #"\bfatalError\("#),
        ("a detached task", #"Task\.detached"#),
    ]

    /// Lines of Sources in which a mark stands, "path:line: what".
    private static func found(_ pattern: String, in files: [ProjectFile]) throws -> [String] {
        let expression = try Regex(pattern).wordBoundaryKind(.simple)
        var found: [String] = []
        for file in files {
            for (index, line) in file.lines.enumerated() where line.contains(expression) {
                found.append("\(file):\(index + 1): \(line.trimmingCharacters(in: .whitespaces))")
            }
        }
        return found
    }

    @Test func `no source file is longer than four hundred lines`() throws {
        let files = try ["Sources", "Tests"].flatMap { try ProjectFile.all(below: $0, suffix: ".swift") }
        let long = files.filter { $0.lines.count > Self.longestFile }.map { "\($0): \($0.lines.count)" }
        #expect(long == [])
    }

    @Test(arguments: marks.map(\.name)) func `no source file holds`(mark: String) throws {
        let pattern = try #require(Self.marks.first { $0.name == mark }?.pattern)
        #expect(try Self.found(pattern, in: ProjectFile.all(below: "Sources", suffix: ".swift")) == [])
    }

    @Test func `the marks are found where they stand`() throws {
        let lines = [
            "// TODO later", "try! run()", "value as! Int", "fatalError(\"no\")", "Task.detached {}",
        ]
        for (mark, line) in zip(Self.marks, lines) {
            #expect(try Self.found(mark.pattern, in: [ProjectFile(path: "x", text: line)]).count == 1)
        }
        let harmless = ProjectFile(path: "x", text: "TODOS try? as?")
        for mark in Self.marks { #expect(try Self.found(mark.pattern, in: [harmless]) == []) }
    }

    @Test func `no committed file names a directory of somebody's machine`() throws {
        // Put together here, so that this file is not its own finding.
        let pattern = "/(" + ["work", "root", "home/[a-z]+", "Users/[a-z]+"].joined(separator: "|") + ")/[A-Za-z]"
        let files =
            try ["Sources", "Tests", "Scripts", "Policies"].flatMap { try ProjectFile.all(below: $0) }
            + ["README.md", "CHANGELOG.md", "Package.swift"].map { try ProjectFile.read($0) }
        #expect(try Self.found(pattern, in: files) == [])
    }

    @Test func `every fixture is named by a test`() throws {
        let paths = ProjectFile.paths(below: "Tests")
        let fixtures = paths.filter { $0.contains("/Fixtures/") && !$0.hasSuffix("/README.md") }
        let sources = try paths.filter { $0.hasSuffix(".swift") }.map { try ProjectFile.read($0).text }
        let unused = fixtures.filter { path in
            let name = path.split(separator: "/").last.map(String.init) ?? path
            let stem = name.split(separator: ".").first.map(String.init) ?? name
            return !sources.contains { $0.contains("\"" + name) || $0.contains("\"" + stem) }
        }
        #expect(unused == [])
    }

    @Test func `every directory of tests is a target`() throws {
        let manifest = try ProjectFile.read("Package.swift").text
        let targets = Set(ProjectFile.paths(below: "Tests").map { ProjectFile(path: $0, text: "").target })
        for target in targets.sorted() { #expect(manifest.contains("\"\(target)\""), "\(target)") }
    }
}
