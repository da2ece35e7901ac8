import Foundation
import TestSupport
import Testing

/// Every exit code that is documented, produced by the real program.
struct ExitCodeTests {
    @Test func `0: a snapshot is taken, listed, verified and restored`() async throws {
        let (source, target) = (try await Bench.source(), try await RedisServer.start())
        let bench = try Bench()
        try await bench.snapshot(source)
        for (verb, options) in [
            ("list", []), ("show", ["latest"]), ("verify", ["--all"]), ("keys", ["latest"]),
            ("get", ["latest", "greeting"]), ("restore", ["latest", "--target", target.url]), ("catalog check", []),
        ] {
            let outcome = try await bench.run(verb, options)
            #expect(outcome.exitCode == 0, "\(verb): \(outcome)")
            #expect(outcome.errors.isEmpty, "\(verb): \(outcome)")
        }
        #expect(try target.client().command("GET", "greeting").text == "hello")
    }

    @Test func `1: a key, a snapshot or a hold that is not there`() async throws {
        let bench = try Bench()
        let id = try await bench.snapshot(try await Bench.source())
        for (verb, options) in [
            ("get", ["latest", "no such key"]), ("show", ["20010101"]), ("hold remove", [id, "no-such-hold"]),
            ("undelete", [id]), ("accept", [id]),
        ] {
            let outcome = try await bench.run(verb, options)
            #expect(outcome.exitCode == 1, "\(verb): \(outcome)")
            #expect(outcome.errors.hasPrefix("error: "), "\(verb): \(outcome)")
        }
    }

    @Test func `1: a held snapshot is not deleted`() async throws {
        let bench = try Bench()
        let id = try await bench.snapshot(try await Bench.source())
        #expect(try await bench.run("hold add", [id, "--reason", "incident 4711"]).exitCode == 0)
        let outcome = try await bench.run("delete", [id])
        #expect(outcome.exitCode == 1)
        #expect(outcome.errors.contains("incident 4711"), "\(outcome)")
        #expect(try await bench.run("list", ["--json"]).items.count == 1)
    }

    @Test(arguments: [
        ["nonsense"], ["list", "--nonsense"], ["snapshot"], ["verify"], ["get", "latest"], ["purge", "--grace", "7"],
        ["list", "-q", "-v"], ["get", "latest", "--key-base64", "?"], ["keys", "latest", "--type", "tree"],
        ["snapshot", "--source", "http://127.0.0.1"], ["delete", "latest"], ["list", "--before", "yesterday"],
        ["restore", "latest", "--target", "redis://127.0.0.1:1", "--target-tls-key", "only-one"],
    ])
    func `2: a command line that makes no sense`(words: [String]) async throws {
        let outcome = try await Bench().rewarm.run(words)
        #expect(outcome.exitCode == 2, "\(outcome)")
        #expect(outcome.output.isEmpty && !outcome.errors.isEmpty, "\(outcome)")
    }

    @Test func `2: latest over several sources names them`() async throws {
        let bench = try Bench()
        let source = try await Bench.source()
        try await bench.snapshot(source)
        let other = try await bench.run("snapshot", ["--source", source.url, "--source-name", "other"])
        #expect(other.exitCode == 0, "\(other)")
        let outcome = try await bench.run("show", ["latest"])
        #expect(outcome.exitCode == 2)
        #expect(outcome.errors.contains("bench, other"), "\(outcome)")
        #expect(try await bench.run("show", ["latest", "--source-name", "other"]).exitCode == 0)
    }

    @Test func `3: a rebuild that must leave a snapshot out`() async throws {
        let bench = try Bench()
        let id = try await bench.snapshot(try await Bench.source())
        try Data("{".utf8).write(to: URL(fileURLWithPath: "\(bench.rewarm.repository)/snapshots/\(id)/manifest.json"))
        let outcome = try await bench.run("catalog rebuild", ["--json"])
        #expect(outcome.exitCode == 3, "\(outcome)")
        #expect(outcome.summary["unreadableManifestCount"].integer == 1)
    }

    @Test func `10: a repository that is not there`() async throws {
        let bench = try Bench()
        for (verb, options) in [
            ("list", []), ("show", ["latest"]), ("verify", ["--all"]), ("purge", []), ("catalog rebuild", []),
            ("hold list", []), ("import", ["/dev/null"]),
        ] {
            let outcome = try await bench.run(verb, options)
            #expect(outcome.exitCode == 10, "\(verb): \(outcome)")
        }
        #expect(!FileManager.default.fileExists(atPath: bench.rewarm.repository))
    }

    @Test func `10: a repository that needs its catalog and has a broken one`() async throws {
        let bench = try Bench()
        try await bench.snapshot(try await Bench.source())
        try Data("no database".utf8).write(to: URL(fileURLWithPath: bench.rewarm.repository + "/catalog.sqlite"))
        #expect(try await bench.run("purge").exitCode == 10)
        #expect(try await bench.run("list").exitCode == 0)
    }

    @Test func `11: a second snapshot of the same source names the first`() async throws {
        let bench = try Bench()
        let source = try await Bench.source()
        let first = try await bench.slowSnapshot(source)
        let second = try await bench.run("snapshot", ["--source", source.url, "--source-name", "bench"])
        #expect(second.exitCode == 11, "\(second)")
        #expect(second.errors.contains("pid \(first.processID)"), "\(second)")
        first.send(signal: SIGTERM)
        _ = await first.wait()
    }

    @Test func `12: wrong credentials`() async throws {
        let source = try await RedisServer.start(.init(password: Bench.password))
        let bench = try Bench()
        let options = ["--source", source.url, "--create"]
        #expect(try await bench.run("snapshot", options).exitCode == 12)
        let wrong = try await bench.run("snapshot", options, environment: ["REWARM_SOURCE_PASSWORD": "wrong-one"])
        #expect(wrong.exitCode == 12, "\(wrong)")
        #expect(!wrong.description.contains("wrong-one"))
    }

    @Test func `13: a damaged archive, with what is lost`() async throws {
        let bench = try Bench()
        let id = try await bench.snapshot(try await Bench.source())
        try bench.damage(id)
        let outcome = try await bench.run("verify", ["--all", "--json"])
        #expect(outcome.exitCode == 13, "\(outcome)")
        let item = try #require(outcome.items.first)
        #expect(item["isIntact"].boolean == false)
        #expect(!item["problems"].array.isEmpty)
        #expect(outcome.summary["damagedSnapshots"].array.map(\.text) == [id])
        #expect(try await bench.run("show", ["latest"]).exitCode == 1, "latest must pass a corrupt snapshot over")
    }

    @Test func `13: an archive that is gone`() async throws {
        let bench = try Bench()
        let id = try await bench.snapshot(try await Bench.source())
        try FileManager.default.removeItem(at: bench.archive(of: id))
        #expect(try await bench.run("keys", [id]).exitCode == 13)
        let outcome = try await bench.run("verify", [id, "--json"])
        #expect(outcome.exitCode == 13, "\(outcome)")
        #expect(outcome.items.first?["lostRecordCount"].integer == 7)
    }

    @Test func `14: a target that holds keys stays as it is`() async throws {
        let (source, target) = (try await Bench.source(), try await RedisServer.start())
        try target.client().command("SET", "mine", "1")
        let bench = try Bench()
        try await bench.snapshot(source)
        let outcome = try await bench.run("restore", ["latest", "--target", target.url])
        #expect(outcome.exitCode == 14, "\(outcome)")
        #expect(outcome.errors.contains("  next: "))
        #expect(try target.client().command("DBSIZE").integer == 1)
    }

    @Test func `20: a node that is not there`() async throws {
        let bench = try Bench()
        try await bench.snapshot(try await Bench.source())
        let url = "redis://127.0.0.1:\(try SocketCalls.freeLoopbackPort())"
        #expect(try await bench.run("snapshot", ["--source", url]).exitCode == 20)
        #expect(try await bench.run("restore", ["latest", "--target", url]).exitCode == 20)
    }

    @Test(arguments: [SIGHUP, SIGINT, SIGTERM])
    func `129, 130 and 143: a signal ends a snapshot and leaves nothing behind`(number: Int32) async throws {
        let bench = try Bench()
        let process = try await bench.slowSnapshot(try await Bench.source())
        process.send(signal: number)
        let result = await process.wait()
        #expect(result.exitCode == 128 + number, "\(result)")
        #expect(result.termination == .exited(128 + number), "it must end by itself: \(result)")
        #expect(result.outputText.contains("\"exitCode\":\(128 + number)"), "\(result)")
        #expect(!bench.files.contains { $0.contains("part-0") || $0.contains(".tmp") }, "\(bench.files)")
    }

    @Test func `141: a reader that goes away ends the listing without a word`() async throws {
        let source = try await RedisServer.start()
        let keys = (0..<20_000).map { [RedisArgument("SET"), RedisArgument("a-key-of-some-length:\($0)"), "1"] }
        _ = try source.client().pipeline(keys)
        let bench = try Bench()
        try await bench.snapshot(source)
        let script = "\"$0\" keys latest --repository \"$1\" | head -c 10; exit ${PIPESTATUS[0]}"
        let bash = try #require(Subprocess.find("bash"))
        let result = try await Subprocess.run(
            bash,
            ["-c", script, RewarmCommand.path, bench.rewarm.repository],
            environment: bench.rewarm.environment
        )
        #expect(result.exitCode == 141, "\(result)")
        #expect(result.errorText.isEmpty, "\(result)")
    }
}
