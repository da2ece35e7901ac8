import TestSupport
import Testing

@testable import Policy

/// Policies with random damage: whatever stands there, reading ends with a policy or with problems, and no unknown key
/// gets through.
struct MutationTests {
    private static let corpus: [String] =
        ProjectFile.paths(below: "Policies").compactMap { try? ProjectFile.read($0).text } + BadPolicy.all.map(\.text)

    /// What YAML and policies find interesting.
    private static let pieces: [String] = [
        "\n", "  ", "\t", ":", ": ", "- ", "{", "}", "[", "]", ",", "#", "&a ", "*a", "!", "!!int ", "|\n", ">\n", "'",
        "\"", "%", "@", "`", "?", "? ", "---\n", "...\n", "<<: ", "~", "null", "\r\n", "\u{FEFF}", "\u{85}", "\u{2028}",
        "\0", "\u{7}", "é", "👩‍👩‍👧", "\u{202E}", "0", "010", "7", "-1", "99999999999999999999", "1e400", "all", "7d",
        "5m", "50%", "10MiB", "true", "yes", "redis://", "@", "daily", "retention:\n", "hooks:\n", "\\", "\u{E000}",
    ]

    private static func mutated(_ text: String, _ random: inout SeededGenerator) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let line = Int.random(in: 0..<lines.count, using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0: lines.remove(at: line)
        case 1: lines.insert(lines.randomElement(using: &random) ?? "", at: line)
        case 2: lines.swapAt(line, Int.random(in: 0..<lines.count, using: &random))
        case 3: lines[line] = String(repeating: " ", count: Int.random(in: 0..<9, using: &random)) + lines[line]
        case 4:
            let other = (corpus.randomElement(using: &random) ?? "").split(separator: "\n").map(String.init)
            lines.replaceSubrange(line..., with: other)
        default:
            var characters = Array(lines[line])
            let place = Int.random(in: 0...characters.count, using: &random)
            if place < characters.count, random.chance(40) { characters.remove(at: place) }
            let piece = random.chance(80) ? pieces.randomElement(using: &random) ?? "" : ""
            characters.insert(contentsOf: piece, at: min(place, characters.count))
            lines[line] = String(characters)
        }
        return lines.joined(separator: "\n")
    }

    /// The paths of all keys of a tree, found without the tables that the reader goes by.
    private static func keyPaths(_ node: PolicyNode, below path: String = "") -> [String] {
        switch node.content {
        case .scalar, .refused: []
        case .list(let items): items.flatMap { keyPaths($0, below: path) }
        case .map(let members):
            members.flatMap { key, value in
                let own = path.isEmpty ? key.text ?? "?" : path + "." + (key.text ?? "?")
                return [own] + keyPaths(value, below: own)
            }
        }
    }

    /// Whether the paths are in the reference, or are those within a value: a tier, a hook, a label.
    private static func isKnown(_ path: String) -> Bool {
        let tier = /retention\.(minutely|hourly|daily|weekly|monthly|quarterly|yearly)\.(within|count)/
        return PolicyReference.entries.contains { $0.keyPath == path } || path.hasPrefix("archive.tags.")
            || path.wholeMatch(of: /hooks\.(before|always|after-success|after-failure)\.(command|timeout)/) != nil
            || path.wholeMatch(of: tier) != nil
    }

    @Test func `whatever is done to a policy, reading it ends, and what is accepted has only known keys`() throws {
        var random = SeededGenerator.fromEnvironment("policy mutations", fallback: 0x9011_C1E5)
        var acceptedCount = 0
        for number in 0..<TestExtent.count(bounded: 8_000, whole: 400_000) {
            var text = Self.corpus.randomElement(using: &random) ?? ""
            for _ in 0..<Int.random(in: 1...4, using: &random) { text = Self.mutated(text, &random) }
            let note = Comment("seed \(random.seed), case \(number):\n\(text)")
            if let problems = BadPolicyTests.problems(text) {
                let lineCount = text.unicodeScalars.count { "\n\r\u{85}\u{2028}\u{2029}".unicodeScalars.contains($0) }
                #expect(problems.contains { $0.severity == .error }, note)
                #expect(problems.map(\.place) == problems.map(\.place).sorted(), note)
                #expect(
                    problems.allSatisfy { (1...lineCount + 1).contains($0.place.line) && $0.place.column > 0 },
                    note
                )
            } else {
                acceptedCount += 1
                let unknown = try Self.keyPaths(#require(PolicyTree(text).root)).filter { !Self.isKnown($0) }
                #expect(unknown.isEmpty, note)
            }
        }
        print("policy mutations: \(acceptedCount) accepted")
        #expect(acceptedCount > 0)
    }

    @Test func `a key that is renamed is refused at its place`() throws {
        var random = SeededGenerator.fromEnvironment("renamed keys", fallback: 0x1DE4)
        let names = Set(PolicyReference.entries.map(\.name) + ["count", "within", "command", "timeout"])
        for path in ProjectFile.paths(below: "Policies") {
            let text = try ProjectFile.read(path).text
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            for (index, line) in lines.enumerated() {
                guard let match = line.firstMatch(of: /^( *)([a-z][a-z-]+):/) else { continue }
                var name = String(match.output.2)
                while names.contains(name) {
                    var letters = Array(name)
                    letters[Int.random(in: 0..<letters.count, using: &random)] = "x"
                    name = String(letters) + (random.chance(50) ? "x" : "")
                }
                var changed = lines.map(String.init)
                changed[index] = match.output.1 + name + line.dropFirst(match.output.0.count - 1)
                let problems = try #require(
                    BadPolicyTests.problems(changed.joined(separator: "\n")),
                    "\(path): \(name)"
                )
                let place = PolicyPlace(line: index + 1, column: match.output.1.count + 1)
                #expect(problems.contains { $0.place == place && $0.problem.contains("is no key") }, "\(problems)")
            }
        }
    }
}
