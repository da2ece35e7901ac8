import Foundation
import TestSupport
import Testing

/// The drills before the last one, as `drill`, `show`, `report` and the pages tell of them.
@Suite(.serialized)
struct DrillTrendEndToEndTests {
    @Test func `a drill is remembered when its snapshot is purged, also by a catalog that is made anew`() async throws {
        let source = try await RedisServer.start()
        try source.client().command("SET", "a", "1")
        let scenario = try Scenario()
        let policy = try scenario.rewarm.directory.write(
            """
            name: web
            source: {name: web, url: '\(source.url)'}
            repository: \(scenario.rewarm.repository)
            retention: {last: 5, time-zone: Europe/Rome}

            """,
            to: "web.yaml"
        )
        func snapshot() async throws -> String {
            let outcome = try await scenario.rewarm.run("snapshot", "--policy", policy, "--create", "--json")
            return try #require(outcome.summary["snapshot"].text, "\(outcome)")
        }
        func drill() async throws -> RewarmCommand.Outcome {
            let outcome = try await scenario.rewarm.run("drill", "--policy", policy, "--json")
            try #require(outcome.exitCode == 0, "\(outcome)")
            return outcome
        }
        let first = try await snapshot()
        #expect(try await drill().summary["earlierDrillCount"].integer == 0)
        let second = try await snapshot()
        for (verb, options) in [("delete", [first]), ("purge", ["--grace", "0s"]), ("catalog rebuild", [])] {
            #expect(try await scenario.run(verb, options).exitCode == 0)
        }
        let last = try await drill()
        #expect(last.summary["earlierDrillCount"].integer == 1)
        let page = try String(contentsOfFile: try #require(last.summary["pagePath"].text), encoding: .utf8)
        #expect(page.contains("Drill by drill") && page.contains(first))
        #expect(page.contains("All times in Europe/Rome."))
        let shown = try await scenario.run("show", [second, "--json"])
        let trend = shown.items.first?["drillTrend"].array ?? []
        #expect(trend.compactMap { $0["snapshot"].text } == [second, first], "\(shown)")
        let text = try await scenario.run("show", [second])
        #expect(text.output.contains("Last drills of the source") && text.output.contains("snapshot \(first)"))
        let report = try await scenario.rewarm.run("report", "--policy", policy, "--json")
        let drills = report.items.filter { $0["kind"].text == "drill" }
        #expect(drills.compactMap { $0["snapshot"].text } == [second, first], "\(report)")
        let whole = try await scenario.rewarm.run("report", "--policy", policy)
        #expect(whole.output.contains("the snapshot is gone"), "\(whole)")
    }

    @Test func `the page has a curve of its own for the recent accesses`() async throws {
        let source = try await RedisServer.start(.init(lines: ["maxmemory 200mb", "maxmemory-policy allkeys-lru"]))
        let client = try source.client()
        _ = try client.pipeline((0..<2000).map { ["SET", RedisArgument("key:\($0)"), "value"] })
        let scenario = try Scenario()
        try await scenario.snapshot(source)
        let outcome = try await scenario.run("drill", ["--json"])
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(outcome.summary["hotRTOMilliseconds"].integer != nil, "\(outcome)")
        let path = try #require(outcome.summary["reportPath"].text)
        let report = try JSONDecoder().decode(JSONTree.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
        let points = report["recovery"].array
        #expect(points.count > 1 && points.last?["accessShare"] == .number(1), "\(points)")
        let page = try String(contentsOfFile: try #require(outcome.summary["pagePath"].text), encoding: .utf8)
        #expect(page.contains(">recent accesses<"))
    }
}
