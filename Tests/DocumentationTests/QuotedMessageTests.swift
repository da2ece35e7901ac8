import Foundation
import TestSupport
import Testing

/// The messages that the guide quotes are those that the program prints.
struct QuotedMessageTests {
    /// The messages in quotes of the article, `…` standing for anything.
    private static func quotes() throws -> [String] {
        let article = try ProjectFile.read("Sources/Operations/Operations.docc/Troubleshooting.md").text
        return article.replacing("\n", with: " ").matches(of: /\*\*`([^`]+)`\*\*/).map { String($0.output.1) }
    }

    /// All text of the sources.
    private static func sourceText() throws -> NSString {
        NSString(string: try ProjectFile.all(below: "Sources", suffix: ".swift").map(\.text).joined())
    }

    /// Quotes that only a state of a disk or of an archive brings about, or an older server: the tests that provoke them are elsewhere.
    private static let provokedElsewhere: Set<String> = [
        "is read-only: reading manifests, without catalog and without lease", "the repository '…' cannot be written",
        "No space left on device; free space (rewarm purge) or choose another repository",
        "the list of records that a later reading replaced is damaged", "is locked by …",
        "cannot hold all values of …",
    ]

    @Test func `each quoted message stands in the sources`() throws {
        let (quotes, sources) = (try Self.quotes(), try Self.sourceText())
        #expect(quotes.count >= 12)
        for quote in quotes {
            // The words of the system are not ours.
            let own = quote.replacing("No space left on device", with: "")
            for part in own.split(separator: "…") {
                let words = part.trimmingPrefix { $0 == " " || $0 == "'" }
                let isThere = sources.range(of: String(words), options: .literal).location != NSNotFound
                #expect(isThere, "\(quote): \(words)")
            }
        }
    }

    @Test func `each quoted message is printed in the situation that the guide tells`() async throws {
        let rewarm = try RewarmCommand()
        let plain = try await RedisServer.start()
        try plain.client().command("SET", "greeting", "hello")
        let weak = try await RedisServer.start(.init(users: ["weak on nopass ~* &* +@all -psync"]))
        let tls = try await RedisServer.start(.init(endpoint: .tls(requiringClientCertificate: false)))
        let repository = ["--repository", rewarm.repository]
        let snapshot = ["snapshot", "--source", plain.url, "--source-name", "web", "--create"] + repository
        let password = ["REWARM_SOURCE_PASSWORD": "any"]
        try #require(try await rewarm.run(snapshot).exitCode == 0)
        let situations: [(words: [String], code: Int32)] = [
            (["snapshot", "--source", weak.url(user: "weak"), "--method", "replication"] + repository, 12),
            (["snapshot", "--source", weak.url(user: "weak")] + repository, 0),
            (["snapshot", "--source", tls.url.replacing("rediss:", with: "redis:")] + repository, 20),
            (["snapshot", "--source", tls.url] + repository, 20),
            (["snapshot", "--source", plain.url(database: 3)] + repository, 2),
            (["restore", "latest", "--source-name", "web", "--target", plain.url] + repository, 14),
            (["list", "--repository", rewarm.directory.path], 10),
        ]
        var printed = ""
        for (words, code) in situations {
            let outcome = try await rewarm.run(words, environment: password)
            #expect(outcome.exitCode == code, "\(words): \(outcome)")
            printed += outcome.errors
        }
        for quote in try Self.quotes() where !Self.provokedElsewhere.contains(quote) {
            let parts = quote.split(separator: "…").map { $0.trimmingPrefix(" ") }
            for part in parts { #expect(printed.contains(part), "\(quote)\n\(printed)") }
        }
        #expect(Self.provokedElsewhere.isSubset(of: try Self.quotes()))
    }
}
