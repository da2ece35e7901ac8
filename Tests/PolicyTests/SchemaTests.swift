import Foundation
import Retention
import TestSupport
import Testing

@testable import Policy

/// The schema tells an editor what the reader would.
struct SchemaTests {
    private static func check() throws -> SchemaCheck {
        SchemaCheck(schema: try JSONDecoder().decode(JSONTree.self, from: Data(PolicySchema.text().utf8)))
    }

    @Test func `the schema is as it was`() throws {
        let path = "Tests/PolicyTests/Goldens/policy.schema.json"
        if ProcessInfo.processInfo.environment["REWARM_RECORD_GOLDENS"] != nil {
            try Data(PolicySchema.text().utf8).write(to: URL(fileURLWithPath: ProjectFile.root + "/" + path))
        }
        #expect(try PolicySchema.text() == ProjectFile.read(path).text, "run with REWARM_RECORD_GOLDENS=1")
    }

    @Test(arguments: ProjectFile.paths(below: "Policies"))
    func `a policy that the project ships is good for the reader and for the schema`(path: String) throws {
        let text = try ProjectFile.read(path).text
        let policy = try PolicyReader.read(text: text, fileName: path)
        #expect(policy.warnings.isEmpty && policy.retention?.apply == true && policy.source.url != nil)
        let advice = PolicyAdvice(policy) { _ in .present(mode: 0o600) }
        #expect(advice.warnings.isEmpty, "\(advice.warnings)")
        #expect(try Self.check().accepts(#require(PolicyTree(text).root)))
    }

    @Test func `the project ships the five policies that the guide names`() {
        let names = ["elasticache", "grandfather-father-son", "hourly-30-days", "memcached", "minimal"]
        #expect(ProjectFile.paths(below: "Policies") == names.map { "Policies/\($0).yaml" })
    }

    @Test func `the schema accepts every example and every default`() throws {
        let schema = try Self.check().schema
        for entry in PolicyReference.entries where !entry.isSection {
            let own = entry.keyPath.split(separator: ".").reduce(schema) { $0["properties"][String($1)] }
            let standard = entry.text(PolicyFile())
            for value in [entry.example] + [standard].compactMap({ $0 }) where !value.isEmpty && value != "''" {
                let root = try #require(PolicyTree("key: \(value)\n").root)
                guard case .map(let members) = root.content else { throw TestEnvironmentError.failed("root", value) }
                #expect(try SchemaCheck(schema: own).accepts(members[0].value), "\(entry.keyPath): \(value)")
            }
        }
    }

    @Test func `the schema refuses every key that the reader does not know, and most wrong values`() throws {
        let check = try Self.check()
        let unknown = ["is no key", "does not belong", "is a secret", "is a merge key"]
        var refusedCount = 0
        var values = 0
        for bad in BadPolicy.all {
            let tree = PolicyTree(bad.text)
            guard let root = tree.root, tree.problems.isEmpty else { continue }
            let isRefused = try !check.accepts(root)
            values += 1
            refusedCount += isRefused ? 1 : 0
            if bad.problems.contains(where: { problem in unknown.contains { problem.contains($0) } }) {
                #expect(isRefused, "\(bad.name)")
            }
        }
        print("the schema refuses \(refusedCount) of \(values) bad policies")
        #expect(refusedCount * 10 > values * 6)
    }
}
