import Foundation
import TestSupport
import Testing

@testable import Policy

/// The table of keys, and what is made of it.
struct ReferenceTests {
    @Test(arguments: PolicyReference.entries.filter { !$0.isSection }.map(\.keyPath))
    func `the example of a key is read as it stands`(keyPath: String) throws {
        let entry = try #require(PolicyReference.entries.first { $0.keyPath == keyPath })
        let (policy, problems) = try Self.read(entry, entry.example)
        #expect(problems.isEmpty, "\(problems)")
        // What is shown of the value is read as the same value.
        let shown = try #require(entry.text(policy), "\(keyPath) has no value")
        #expect(try entry.text(Self.read(entry, shown).policy) == shown)
    }

    private static func read(
        _ entry: PolicyReference.Entry,
        _ value: String
    ) throws -> (policy: PolicyFile, problems: [PolicyProblem]) {
        let tree = PolicyTree("key: " + value + "\n")
        guard case .map(let members)? = tree.root?.content, let node = members.first?.value else {
            return (PolicyFile(), tree.problems)
        }
        var (policy, reading) = (PolicyFile(), PolicyReading(directory: ""))
        entry.read(node, &policy, &reading)
        return (policy, reading.problems)
    }

    @Test func `every key has a sentence, and no two have the same path`() {
        let paths = PolicyReference.entries.map(\.keyPath)
        #expect(Set(paths).count == paths.count && paths.count > 60)
        for entry in PolicyReference.entries {
            #expect(entry.summary.first?.isUppercase == true && !entry.summary.hasSuffix("."), "\(entry.keyPath)")
            #expect(entry.keyPath.wholeMatch(of: /[a-z]+(-[a-z]+)*(\.[a-z]+(-[a-z]+)*)*/) != nil, "\(entry.keyPath)")
        }
    }

    @Test func `the article lists every key as the table has it`() throws {
        let path = "Sources/Policy/Policy.docc/PolicyFiles.md"
        let article = try ProjectFile.read(path).text
        let marks = ("<!-- keys: made from the table -->\n", "<!-- keys end -->")
        let head = try #require(article.firstRange(of: marks.0)?.upperBound)
        let tail = try #require(article.firstRange(of: marks.1)?.lowerBound)
        if ProcessInfo.processInfo.environment["REWARM_RECORD_GOLDENS"] != nil {
            let text = article[..<head] + ReferenceArticle.tables + article[tail...]
            try Data(text.utf8).write(to: URL(fileURLWithPath: ProjectFile.root + "/" + path))
        }
        let recorded = try ProjectFile.read(path).text
        let isCurrent = recorded.contains(ReferenceArticle.tables)
        #expect(isCurrent, "run with REWARM_RECORD_GOLDENS=1 to make it anew")
    }

    @Test func `the nearest name forgives a slip and no more`() {
        let known = ["min-keys", "min-bytes", "max-drop", "compare"]
        for (word, name) in [
            ("min-key", "min-keys"), ("min_keys", "min-keys"), ("minKeys", "min-keys"), ("MIN-KEYS", "min-keys"),
            ("mni-keys", "min-keys"), ("comp", "compare"), ("max-dorp", "max-drop"),
        ] {
            #expect(NearestName.of(word, in: known) == name, "\(word)")
        }
        for word in ["", "x", "retention", "keys", "max"] where word != "max" {
            #expect(NearestName.of(word, in: known) == nil, "\(word)")
        }
        #expect(NearestName.distance("abcd", "badc") == 2 && NearestName.distance("", "abc") == 3)
    }
}
