import Foundation
import Policy
import Testing

/// Every mistake is told with its place and with what would be right.
struct BadPolicyTests {
    /// nil if the text is a good policy.
    static func problems(_ text: String) -> [PolicyProblem]? {
        do throws(InvalidPolicy) {
            _ = try PolicyReader.read(text: text, fileName: "web.yaml")
            return nil
        } catch {
            return error.problems
        }
    }

    @Test(arguments: BadPolicy.groups) func `the words are as they were`(group: String) throws {
        if ProcessInfo.processInfo.environment["REWARM_RECORD_GOLDENS"] != nil {
            try BadPolicy.record(group) { text in Self.problems(text)?.map(\.description) ?? [] }
        }
        for bad in try BadPolicy.read(group) {
            let problems = try #require(Self.problems(bad.text), "accepted: \(bad.name)")
            #expect(problems.map(\.description) == bad.problems, "\(bad.name)\n\(bad.text)")
        }
    }

    @Test func `line ends of windows and a byte order mark change no word and no place`() throws {
        for bad in BadPolicy.all {
            for text in [bad.text.replacing("\n", with: "\r\n"), "\u{FEFF}" + bad.text] {
                let problems = try #require(Self.problems(text), "accepted: \(bad.name)")
                #expect(problems.map(\.description) == bad.problems, "\(bad.name)")
            }
        }
    }

    @Test func `comments and empty lines before it move every place by as many lines`() throws {
        for bad in BadPolicy.all where !bad.text.hasPrefix("%") && bad.problems != BadPolicy.all.first?.problems {
            let problems = try #require(Self.problems("# a comment\n\n" + bad.text), "accepted: \(bad.name)")
            let expected = try #require(Self.problems(bad.text))
            #expect(problems.map(\.place.line) == expected.map { $0.place.line + 2 }, "\(bad.name)")
            #expect(problems.map(\.place.column) == expected.map(\.place.column), "\(bad.name)")
        }
    }

    @Test func `every place is in the file, every problem has a hint, and they come in order`() throws {
        for bad in BadPolicy.all {
            let problems = try #require(Self.problems(bad.text))
            let lines = bad.text.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(problems.map(\.place) == problems.map(\.place).sorted())
            for problem in problems {
                #expect(problem.place.line <= lines.count, "\(bad.name)")
                #expect(problem.place.column <= lines[problem.place.line - 1].unicodeScalars.count + 1, "\(bad.name)")
                #expect(!problem.problem.isEmpty && !problem.hint.isEmpty, "\(bad.name)")
            }
        }
    }

    @Test func `no secret is repeated`() {
        for bad in BadPolicy.all { #expect(!bad.problems.joined().contains("hunter2"), "\(bad.name)") }
        #expect(BadPolicy.all.contains { $0.text.contains("hunter2") })
    }

    @Test func `there are many, and each has its own name`() {
        #expect(BadPolicy.all.count >= 150)
        #expect(Set(BadPolicy.all.map(\.name)).count == BadPolicy.all.count)
    }
}
