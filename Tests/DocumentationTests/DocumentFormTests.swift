import Foundation
import TestSupport
import Testing

/// What can be checked of the documents without running them.
struct DocumentFormTests {
    @Test func `the README fits on two screens`() throws {
        #expect(try ProjectFile.read("README.md").lines.count <= 120)
    }

    @Test func `links to files and articles lead somewhere`() throws {
        let articles = Set(
            CommandsOfTheGuideTests.documents.compactMap { $0.split(separator: "/").last?.dropLast(3) }.map(String.init)
        )
        for document in CommandsOfTheGuideTests.documents {
            let file = try ProjectFile.read(document)
            for match in file.text.matches(of: /\]\(([^)#]+)[^)]*\)/) {
                let link = String(match.output.1)
                if link.hasPrefix("http") { continue }
                let folder = document.split(separator: "/").dropLast().joined(separator: "/")
                let path = ProjectFile.root + "/" + (folder.isEmpty ? "" : folder + "/") + link
                #expect(FileManager.default.fileExists(atPath: path), "\(document): \(link)")
            }
            for match in file.text.matches(of: /<doc:([A-Za-z0-9-]+)>/) {
                #expect(articles.contains(String(match.output.1)), "\(document): \(match.output.1)")
            }
        }
    }

    @Test func `every exit code of the program stands in the article about them`() throws {
        let article = try ProjectFile.read("Sources/Operations/Operations.docc/ExitCodes.md").text
        let source = try ProjectFile.read("Sources/rewarm/ExitCodes.swift").text
        let codes = source.matches(of: /case \w+ = (\d+)/).map { String($0.output.1) }
        #expect(codes.count >= 13)
        for code in codes { #expect(article.contains("| \(code) |"), "exit code \(code)") }
    }

    @Test func `every verb of the program stands in the guide`() throws {
        let guide = try CommandsOfTheGuideTests.documents.map { try ProjectFile.read($0).text }.joined()
        let commands = try ProjectFile.all(below: "Sources/rewarm/Commands", suffix: ".swift")
        let verbs = commands.flatMap {
            $0.text.matches(of: /static let verb = "([a-z ]+)"/).map { String($0.output.1) }
        }
        #expect(verbs.count >= 10)
        for verb in verbs { #expect(guide.contains("rewarm \(verb)"), "\(verb)") }
    }
}
