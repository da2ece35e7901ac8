import Foundation
import TestSupport
import Testing

/// A password is never shown, wherever it came from.
struct SecretsTests {
    private static let password = Bench.password

    private static func expectNoSecret(_ outcome: RewarmCommand.Outcome, _ context: String) {
        let isClean = !outcome.output.contains(password) && !outcome.errors.contains(password)
        #expect(isClean, "\(context) shows the password")
    }

    @Test func `a password in the URL works, warns and leaves no trace`() async throws {
        let source = try await Bench.source(.init(password: Self.password))
        let bench = try Bench()
        let url = source.url.replacing("redis://", with: "redis://:\(Self.password)@")
        let outcome = try await bench.run("snapshot", ["--source", url, "--create", "-v"])
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(outcome.errors.hasPrefix("warning: the password in the source's URL is visible"), "\(outcome)")
        Self.expectNoSecret(outcome, "snapshot")
        for file in bench.files {
            let bytes = FileManager.default.contents(atPath: bench.rewarm.repository + "/" + file)
            #expect(bytes?.firstRange(of: Data(Self.password.utf8)) == nil, "\(file) holds the password")
        }
    }

    @Test func `a password from the environment or a file needs no warning`() async throws {
        let source = try await Bench.source(.init(password: Self.password))
        let bench = try Bench()
        let options = ["--source", source.url, "--create"]
        let byVariable = try await bench.run(
            "snapshot",
            options,
            environment: ["REWARM_SOURCE_PASSWORD": Self.password]
        )
        #expect(byVariable.exitCode == 0 && byVariable.errors.isEmpty, "\(byVariable)")
        let file = try bench.rewarm.directory.write(Self.password + "\nthe rest is ignored\n", to: "password")
        let byFile = try await bench.run("snapshot", options + ["--source-password-file", file])
        #expect(byFile.exitCode == 0 && byFile.errors.isEmpty, "\(byFile)")
        // The file goes before the environment.
        let both = try await bench.run(
            "snapshot",
            options + ["--source-password-file", file],
            environment: ["REWARM_SOURCE_PASSWORD": "wrong"]
        )
        #expect(both.exitCode == 0, "\(both)")
        for outcome in [byVariable, byFile, both] { Self.expectNoSecret(outcome, "snapshot") }
    }

    @Test func `errors about a URL or an argument do not repeat the password`() async throws {
        let bench = try Bench()
        let urls = [
            "redis://:\(Self.password)@127.0.0.1:no-port", "http://user:\(Self.password)@127.0.0.1",
            "redis://user:\(Self.password)@127.0.0.1:1", "redis://user:\(Self.password)@[::1",
        ]
        for url in urls {
            for words in [
                ["snapshot", "--source", url], ["snapshot", url], ["restore", "latest", "--target", url],
                ["restore", "latest", url, url], ["list", url], ["snapshot", "--source", url, "--json"],
                ["snapshot", url, "--json"],
            ] {
                let outcome = try await bench.rewarm.run(words)
                #expect(outcome.exitCode != 0)
                Self.expectNoSecret(outcome, "\(words.first ?? "") \(words.count)")
            }
        }
    }

    @Test func `an empty password file is told by its name`() async throws {
        let bench = try Bench()
        let file = try bench.rewarm.directory.write("\n", to: "empty")
        let options = ["--source", "redis://127.0.0.1:1", "--source-password-file", file]
        let outcome = try await bench.run("snapshot", options)
        #expect(outcome.exitCode == 1 && outcome.errors.contains("'\(file)'"), "\(outcome)")
    }
}
