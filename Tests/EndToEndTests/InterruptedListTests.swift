import Foundation
import TestSupport
import Testing

/// `rewarm list --interrupted`: which restores were not carried to their end.
@Suite(.serialized)
struct InterruptedListTests {
    @Test func `a restore is listed while it runs, after it was killed, and no more when it is done`() async throws {
        let source = try await RedisServer.start()
        let client = try source.client()
        let replies = try client.pipeline((0..<3000).map { ["SET", RedisArgument("key:\($0)"), "value"] })
        try #require(replies.allSatisfy { $0 == .status("OK") })
        let target = try await RedisServer.start()
        let scenario = try Scenario()
        let id = try await scenario.snapshot(source)
        func listed() async throws -> [JSONTree] {
            let outcome = try await scenario.rewarm.run("list", "--interrupted", "--json")
            try #require(outcome.exitCode == 0 && outcome.errors.isEmpty, "\(outcome)")
            #expect(outcome.summary["interruptedRestoreCount"].integer == Int64(outcome.items.count))
            return outcome.items
        }
        #expect(try await listed().isEmpty)
        let words = ["restore", id] + Scenario.node("target", target) + ["--repository", scenario.rewarm.repository]
        let process = try scenario.rewarm.start(words + ["--rate", "200"])
        while try target.client().command("DBSIZE").integer == 0, process.isRunning {
            try await Task.sleep(for: .milliseconds(5))
        }
        let running = try #require(try await listed().first)
        #expect(running["isRunning"].boolean == true && running["snapshot"].text == id)
        #expect(running["target"].text == "127.0.0.1:\(target.port)")
        process.send(signal: SIGKILL)
        _ = await process.wait(atMost: .seconds(60))
        let path = try #require(running["journalPath"].text)
        let interrupted = try await listed()
        #expect(interrupted.count == 1 && interrupted.first?["isRunning"].boolean == false)
        #expect(interrupted.first?["journalPath"].text == path)
        let table = try await scenario.rewarm.run("list", "--interrupted")
        #expect(table.output.contains("interrupted") && table.output.contains(path), "\(table)")
        // A file that is none is told of, and no obstacle.
        try "something".write(toFile: path + "-other.journal", atomically: false, encoding: .utf8)
        let warned = try await scenario.rewarm.run("list", "--interrupted", "--json")
        #expect(warned.exitCode == 0 && warned.items.count == 1, "\(warned)")
        #expect(warned.lines.contains { $0["message"].text?.contains("-other.journal") ?? false }, "\(warned)")
        try FileManager.default.removeItem(atPath: path + "-other.journal")
        try await scenario.restore(id, to: target, ["--resume"])
        #expect(try await listed().isEmpty)
        let none = try await scenario.rewarm.run("list", "--interrupted")
        #expect(none.output == "no interrupted restores\n", "\(none)")
    }

    @Test func `other options of list do not go with it`() async throws {
        let scenario = try Scenario()
        for option in [["--all"], ["--failed"], ["--source-name", "a"], ["--tag", "a=b"]] {
            let outcome = try await scenario.rewarm.run(["list", "--interrupted"] + option)
            #expect(outcome.exitCode == 2, "\(outcome)")
        }
    }
}
