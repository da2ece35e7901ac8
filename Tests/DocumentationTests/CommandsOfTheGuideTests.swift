import TestSupport
import Testing

/// Every command that the documents show is run.
struct CommandsOfTheGuideTests {
    /// README and the articles.
    static let documents: [String] =
        ["README.md"]
        + ["Sources/Operations/Operations.docc", "Sources/Policy/Policy.docc"].flatMap(ProjectFile.paths)
        .filter { $0.hasSuffix(".md") }

    /// Blocks that are shown and not run: output, layouts, commands for another machine.
    private static let shown: Set<String> = ["text", "json"]

    @Test(arguments: documents) func `the commands of the document do what it says`(document: String) async throws {
        let blocks = CodeBlock.all(in: try ProjectFile.read(document)).filter { $0.tag == "sh" }
        guard !blocks.isEmpty else { return }
        let sandbox = try await Sandbox()
        for block in blocks {
            try sandbox.coolTarget()
            let result = try await sandbox.run(block)
            #expect(
                result.exitCode == block.expectedExitCode,
                "\(block.testDescription)\n\(block.text)\n\(result)"
            )
        }
        print("\(document): \(blocks.count) blocks run")
    }

    @Test func `every block says whether it is run`() throws {
        for document in Self.documents {
            for block in CodeBlock.all(in: try ProjectFile.read(document)) where block.tag != "sh" {
                #expect(Self.shown.contains(block.tag), "\(block.testDescription): tag '\(block.tag)'")
                // A command that is only shown must be seen as such in the log of the tests.
                for line in block.text.split(separator: "\n") where line.hasPrefix("rewarm ") {
                    print("shown, not run: \(block.testDescription): \(line)")
                }
            }
        }
    }

    @Test func `a block, its tag and its expected code are read as they stand`() {
        let text = """
            Text
            <!-- test: exit 14 -->
            ```sh
            rewarm restore
            # twice
            ```
            ```text
            no
            ```
            """
        let blocks = CodeBlock.all(in: ProjectFile(path: "x.md", text: text))
        #expect(blocks.map(\.tag) == ["sh", "text"])
        #expect(blocks.map(\.expectedExitCode) == [14, 0])
        #expect(blocks[0].text == "rewarm restore\n# twice")
        #expect(blocks[0].line == 3)
    }
}
