import Foundation
import TestSupport
import Testing

/// What is wrong with what a user gives, and how the command says so: code, message, and nothing left behind.
@Suite(.serialized)
struct BadInputTests {
    /// A file that is no good RDB file, made from a good one.
    struct BadFile: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let exitCode: Int32
        let make: @Sendable ([UInt8]) -> [UInt8]

        static let all: [Self] = [
            Self(testDescription: "an empty file", exitCode: 13) { _ in [] },
            Self(testDescription: "a text file", exitCode: 13) { _ in Array("hello\nworld\n".utf8) },
            Self(testDescription: "an RDB file of an unknown version", exitCode: 13) {
                Array("REDIS9999".utf8) + $0.dropFirst(9)
            },
            Self(testDescription: "a truncated RDB file", exitCode: 13) { Array($0.prefix($0.count / 2)) },
            Self(testDescription: "an RDB file without its checksum", exitCode: 13) { Array($0.dropLast(8)) },
            Self(testDescription: "an RDB file with a flipped bit", exitCode: 13) { bytes in
                var bytes = bytes
                bytes[bytes.count / 2] ^= 1
                return bytes
            },
            Self(testDescription: "an RDB file with a wrong checksum", exitCode: 13) { bytes in
                bytes.dropLast(8) + [1, 2, 3, 4, 5, 6, 7, 8]
            },
        ]
    }

    private static func expect(
        _ outcome: RewarmCommand.Outcome,
        code: Int32,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(outcome.exitCode == code, "\(outcome)", sourceLocation: sourceLocation)
        #expect(!outcome.errors.isEmpty || !outcome.lines.isEmpty, "no word about it", sourceLocation: sourceLocation)
        #expect(!outcome.errors.contains("Fatal error"), "\(outcome)", sourceLocation: sourceLocation)
    }

    private static func expectNothingPublished(_ scenario: Scenario) async throws {
        let list = try await scenario.run("list", ["--json"])
        #expect(list.items.isEmpty && [0, 10].contains(list.exitCode), "\(list)")
    }

    @Test(arguments: BadFile.all) func `an import refuses`(_ file: BadFile) async throws {
        let source = try await RedisServer.start()
        try KeyspaceGenerator.fill(source, seed: 41, keyCount: 200)
        try source.client().command("SAVE")
        let good = Array(try Data(contentsOf: URL(fileURLWithPath: source.dumpPath)))
        let scenario = try Scenario()
        let path = scenario.rewarm.directory.path("bad.rdb")
        try Data(file.make(good)).write(to: URL(fileURLWithPath: path))
        Self.expect(try await scenario.run("import", [path, "--create"]), code: file.exitCode)
        try await Self.expectNothingPublished(scenario)
    }

    @Test func `an import of what is no file is refused`() async throws {
        let scenario = try Scenario()
        let directory = scenario.rewarm.directory
        for path in [directory.path("absent.rdb"), directory.path] {
            let outcome = try await scenario.run("import", [path, "--create"])
            #expect(outcome.exitCode == 1 && outcome.errors.contains(path), "\(outcome)")
        }
    }

    @Test(arguments: [
        "", "redis", "http://127.0.0.1:6379", "redis://", "redis://127.0.0.1:0", "redis://127.0.0.1:99999",
        "redis://127.0.0.1:6379/x", "redis://[::1", "redis+unix://",
    ])
    func `a URL that is none is a usage error`(url: String) async throws {
        let scenario = try Scenario()
        Self.expect(try await scenario.run("snapshot", ["--source", url, "--create"]), code: 2)
    }

    @Test func `wrong options are usage errors`() async throws {
        let scenario = try Scenario()
        let source = ["--source", "redis://127.0.0.1:1"]
        let lines: [[String]] = [
            ["snapshot"], ["snapshot", "--source"], ["snapshot"] + source + ["--codec", "lzma"],
            ["snapshot"] + source + ["--codec", "zlib:10"], ["snapshot"] + source + ["--codec", "zstd:0"],
            ["snapshot"] + source + ["--method", "magic"], ["snapshot"] + source + ["--tag", "no-value"],
            ["restore", "latest"], ["restore", "--target", "redis://127.0.0.1:1"],
            ["restore", "latest", "--target", "redis://127.0.0.1:1", "--ttl", "sometimes"],
            ["restore", "latest", "--target", "redis://127.0.0.1:1", "--connections", "0"],
            ["restore", "latest", "--target", "redis://127.0.0.1:1", "--type", "tree"],
            ["verify"], ["nonsense"], ["list", "--nonsense"], ["purge", "--grace", "7"],
            ["list", "--quiet", "--verbose"],
        ]
        for words in lines {
            let outcome = try await scenario.rewarm.run(words)
            #expect(outcome.exitCode == 2, "\(words): \(outcome)")
        }
    }

    @Test func `a node that is not there is exit code 20`() async throws {
        let scenario = try Scenario()
        let url = "redis://127.0.0.1:\(try SocketCalls.freeLoopbackPort())"
        Self.expect(try await scenario.run("snapshot", ["--source", url, "--create"]), code: 20)
        let socket = "redis+unix://" + scenario.rewarm.directory.path("absent.sock")
        Self.expect(try await scenario.run("snapshot", ["--source", socket, "--create"]), code: 20)
        try await Self.expectNothingPublished(scenario)
    }

    @Test func `a node that dies in the middle is exit code 20 and leaves no snapshot`() async throws {
        let source = try await RedisServer.start(.init(lines: ["rdb-key-save-delay 2000"]))
        try KeyspaceGenerator.fill(source, seed: 42, keyCount: 1500)
        let scenario = try Scenario()
        let process = try scenario.rewarm.start(
            ["snapshot"] + Scenario.node("source", source)
                + ["--method", "replication", "--create", "--repository", scenario.rewarm.repository]
        )
        let client = try source.client()
        while try client.info("replication", "connected_slaves") == "0", process.isRunning {
            try await Task.sleep(for: .milliseconds(5))
        }
        await source.kill()
        let result = await process.wait(atMost: .seconds(120))
        #expect(result.exitCode == 20, "\(result)")
        try await Self.expectNothingPublished(scenario)
    }

    @Test func `wrong credentials and missing rights are exit code 12`() async throws {
        let source = try await RedisServer.start(
            .init(password: "right", users: ["weak on >weak ~* &* -@all +get +ping +hello +info +auth"])
        )
        let scenario = try Scenario()
        let node = ["--source", source.url, "--create"]
        Self.expect(try await scenario.run("snapshot", node), code: 12)
        let wrong = try await scenario.run("snapshot", node, environment: ["REWARM_SOURCE_PASSWORD": "wrong"])
        Self.expect(wrong, code: 12)
        #expect(!wrong.description.contains("wrong\""))
        let weak = try await scenario.run(
            "snapshot",
            ["--source", source.url(user: "weak"), "--create"],
            environment: ["REWARM_SOURCE_PASSWORD": "weak"]
        )
        Self.expect(weak, code: 12)
        try await Self.expectNothingPublished(scenario)
    }

    @Test func `a certificate of an unknown authority or for another name is refused`() async throws {
        // Without its address among the names: a certificate for the address that was asked for is accepted, too.
        var configuration = RedisServer.Configuration(endpoint: .tls(requiringClientCertificate: false))
        configuration.certificateNames = "DNS:\(TestCertificates.serverName),DNS:localhost"
        let source = try await RedisServer.start(configuration)
        let scenario = try Scenario()
        let untrusted = try await scenario.run("snapshot", ["--source", source.url, "--create"])
        #expect(untrusted.exitCode == 20, "\(untrusted)")
        let certificates = try #require(source.certificates)
        let misnamed = try await scenario.run(
            "snapshot",
            ["--source", source.url, "--create", "--source-tls-ca", certificates.authority]
                + ["--source-tls-server-name", "elsewhere.rewarm.test"]
        )
        #expect(misnamed.exitCode == 20, "\(misnamed)")
        try await Self.expectNothingPublished(scenario)
    }

    @Test func `an absent repository is exit code 10 and is not made`() async throws {
        let scenario = try Scenario()
        for verb in [["list"], ["show", "latest"], ["verify", "--all"], ["keys", "latest"]] {
            Self.expect(try await scenario.run(verb[0], Array(verb.dropFirst())), code: 10)
        }
        #expect(!FileManager.default.fileExists(atPath: scenario.rewarm.repository))
        try FileManager.default.createDirectory(atPath: scenario.rewarm.repository, withIntermediateDirectories: false)
        let source = try await RedisServer.start()
        let outcome = try await scenario.run("snapshot", Scenario.node("source", source))
        Self.expect(outcome, code: 10)
        #expect(outcome.errors.contains("--create"))
    }
}
