import Foundation
import TestSupport
import Testing

/// Places where a repository can be read and not written, or no longer written.
@Suite(.serialized)
struct RepositoryPlaceTests {
    private static let notice = "is read-only: reading manifests, without catalog and without lease"

    /// A repository with one snapshot of a small keyspace.
    private static func prepared(_ seed: UInt64) async throws -> (scenario: Scenario, source: RedisServer, id: String) {
        let source = try await RedisServer.start()
        try KeyspaceGenerator.fill(source, seed: seed, keyCount: 200)
        let scenario = try Scenario()
        return (scenario, source, try await scenario.snapshot(source))
    }

    /// The two ways in which a repository is read-only.
    private static func confinements(_ scenario: Scenario) async throws -> [Confinement] {
        let all = [Confinement.permissionBits, .readOnlyMount(of: scenario.rewarm.repository)]
        var possible: [Confinement] = []
        for confinement in all where try await confinement.isPossible() { possible.append(confinement) }
        return possible
    }

    private static func setPermissions(_ mode: Int, below path: String) throws {
        let entries = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        for entry in [path] + entries.map({ path + "/" + $0 }) {
            let isDirectory = try URL(fileURLWithPath: entry).resourceValues(forKeys: [.isDirectoryKey]).isDirectory
            let bits = isDirectory ?? false ? mode | (mode & 0o400) >> 2 : mode
            try FileManager.default.setAttributes([.posixPermissions: bits], ofItemAtPath: entry)
        }
    }

    @Test func `everything that reads works on a read-only repository, and says so once`() async throws {
        let (scenario, source, id) = try await Self.prepared(65)
        let list = try await scenario.run("list", ["--json"]).items
        let repository = ["--repository", scenario.rewarm.repository]
        try Self.setPermissions(0o400, below: scenario.rewarm.repository)
        defer { try? Self.setPermissions(0o600, below: scenario.rewarm.repository) }
        for confinement in try await Self.confinements(scenario) {
            let target = try await RedisServer.start()
            for words in [
                ["list"], ["show", id], ["keys", "latest"], ["get", id, "integer:3"], ["verify", "--all"],
                ["hold", "list"], ["restore", id] + Scenario.node("target", target),
            ] {
                let outcome = try await scenario.rewarm.run(words + repository, confinement: confinement)
                #expect(outcome.exitCode == 0, "\(confinement.testDescription), \(words): \(outcome)")
                let told = outcome.errors.split(separator: "\n").filter { $0.contains(Self.notice) }
                #expect(told.count == 1, "\(confinement.testDescription), \(words): \(outcome)")
            }
            try Scenario.expectEqual(source, target, confinement.testDescription)
            let now = try await scenario.rewarm.run(["list", "--json"] + repository, confinement: confinement)
            #expect(now.items == list, "\(confinement.testDescription)")
        }
    }

    @Test func `everything that writes is exit code 1 on a read-only repository, and names it`() async throws {
        let (scenario, source, id) = try await Self.prepared(66)
        let repository = ["--repository", scenario.rewarm.repository]
        let before = try await scenario.run("list", ["--json"]).items
        try Self.setPermissions(0o400, below: scenario.rewarm.repository)
        for confinement in try await Self.confinements(scenario) {
            for words in [
                ["snapshot"] + Scenario.node("source", source), ["import", source.dumpPath], ["delete", id],
                ["hold", "add", id, "--reason", "x"], ["purge"], ["catalog", "check"], ["catalog", "rebuild"],
            ] {
                let outcome = try await scenario.rewarm.run(words + repository, confinement: confinement)
                #expect(outcome.exitCode == 1, "\(confinement.testDescription), \(words): \(outcome)")
                #expect(outcome.errors.contains("'\(scenario.rewarm.repository)' cannot be written"), "\(outcome)")
            }
        }
        try Self.setPermissions(0o600, below: scenario.rewarm.repository)
        #expect(try await scenario.run("list", ["--json"]).items == before)
        try await scenario.expectSound()
    }

    @Test func `files that may not be read are exit code 1 and named`() async throws {
        let (scenario, source, id) = try await Self.prepared(67)
        guard try await Confinement.permissionBits.isPossible() else { return }
        let repository = ["--repository", scenario.rewarm.repository]
        let secret = try scenario.rewarm.directory.write("secret\n", to: "password")
        let archive = "\(scenario.rewarm.repository)/snapshots/\(id)/part-0.rewarm"
        let url = "redis://127.0.0.1:1"
        for path in [secret, archive] {
            try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: path)
        }
        let lines: [([String], String)] = [
            (["snapshot", "--source", url, "--source-password-file", secret], secret), (["keys", id], archive),
            (["snapshot", "--source", "rediss://127.0.0.1:1", "--source-tls-ca", secret], secret),
            (["import", secret], secret),
            (["restore", id] + Scenario.node("target", source) + ["--flush-target"], archive),
        ]
        for (words, path) in lines {
            let outcome = try await scenario.rewarm.run(words + repository, confinement: .permissionBits)
            #expect(outcome.exitCode == 1, "\(words): \(outcome)")
            #expect(outcome.errors.contains(path), "\(words): \(outcome)")
        }
    }

    @Test func `a disk that is full is exit code 1 naming the path, and what is there stays whole`() async throws {
        let source = try await RedisServer.start()
        try source.client().command("SET", "greeting", "hello")
        let target = try await RedisServer.start()
        let scenario = try Scenario()
        let place = scenario.rewarm.directory.path("disk")
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
        let disk = Confinement.smallDisk(at: place, byteCount: 2 << 20)
        guard try await disk.isPossible() else { return }
        // Each line of output: the exit code, then what was said.
        let script = """
            run() { said=$("$0" "$@" --repository "$PLACE/repository" 2>&1); echo "$? $1 ${said//$'\\n'/ }"; }
            run snapshot --source "$SOURCE" --create
            redis-cli -s "$SOCKET" DEBUG POPULATE 100000 key 100 >/dev/null
            run snapshot --source "$SOURCE" --codec none
            head -c 5000000 /dev/zero >"$PLACE/ballast" 2>/dev/null
            run snapshot --source "$SOURCE"
            run list
            run keys latest
            run restore latest --target "$TARGET"
            run purge
            rm "$PLACE/ballast"
            run verify --all
            run catalog check
            find "$PLACE" -name '*.tmp*' | wc -l
            """
        var environment = scenario.rewarm.environment
        environment["PLACE"] = place
        environment["SOURCE"] = source.url
        environment["TARGET"] = target.url
        environment["SOCKET"] = source.socketPath
        let result = try await disk.runScript(script, RewarmCommand.path, environment: environment)
        let lines = result.outputText.split(separator: "\n").map(String.init)
        try #require(lines.count == 10, "\(result)")
        let expected = [
            "0 snapshot", "1 snapshot", "1 snapshot", "0 list", "0 keys", "0 restore", "0 purge", "0 verify",
            "0 catalog", "0",
        ]
        for (line, start) in zip(lines, expected) { #expect(line.hasPrefix(start), "\(result)") }
        for line in lines[1...2] { #expect(line.contains(place) && line.contains("No space left"), "\(line)") }
        #expect(try target.client().command("GET", "greeting").text == "hello")
    }

    @Test(arguments: [["policy", "check"], ["policy", "show"], ["expire", "--dry-run", "--policy"]])
    func `a policy that permission bits keep from being read is exit code 1 with its path`(verb: [String]) async throws
    {
        guard try await Confinement.permissionBits.isPossible() else { return }
        let scenario = try Scenario()
        let file = try scenario.rewarm.directory.write("name: night\n", to: "night.yaml")
        try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: file)
        let outcome = try await scenario.rewarm.run(verb + [file], confinement: .permissionBits)
        #expect(outcome.exitCode == 1, "\(outcome)")
        #expect(outcome.errors.contains(file), "\(outcome)")
    }
}
