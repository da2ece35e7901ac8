import Foundation
import Retention
import SnapshotModel
import TestSupport
import Testing

/// Plans that were looked at once and must not change by accident; REWARM_RECORD_GOLDENS=1 writes them anew.
enum Golden {
    private static let directory = "Tests/RetentionTests/Goldens/"

    static func expect(_ text: String, _ name: String) throws {
        let path = directory + name + ".txt"
        if ProcessInfo.processInfo.environment["REWARM_RECORD_GOLDENS"] != nil {
            try Data(text.utf8).write(to: URL(fileURLWithPath: ProjectFile.root + "/" + path))
        }
        let golden = try ProjectFile.read(path).text
        #expect(text == golden, "\(path) differs; if that is meant, run with REWARM_RECORD_GOLDENS=1")
    }
}

/// One case of the specification, as a person would set it up to try it.
struct WorkedCase {
    /// The golden file's name.
    var name: String
    /// What the case shows.
    var title: String
    var policy = RetentionPolicy()
    /// A what-if list.
    var list: String
    var now: String
    var facts = RetentionFacts()

    init(_ name: String, _ title: String, now: String, list: String, _ setUp: (inout RetentionPolicy) -> Void) {
        (self.name, self.title, self.now, self.list) = (name, title, now, list)
        setUp(&policy)
    }

    func plan() throws -> RetentionPlan {
        let now = try #require(UnixMilliseconds(rfc3339: now))
        let backups = try WhatIfList(json: Data(list.utf8), groupBy: policy.groupBy).backups
        return try RetentionPlanner(policy).plan(backups, facts: facts, now: now)
    }

    /// The case, the lines of the policy that differ from the defaults, and the plan.
    func text() throws -> String {
        let defaults = Set(RetentionPolicy().canonicalText.split(separator: "\n"))
        let lines = policy.canonicalText.split(separator: "\n").filter { !defaults.contains($0) }
        let plan = try plan()
        var text = "# \(title)\n" + lines.map { "\($0)\n" }.joined() + "now: \(now)\n\n"
        for item in plan.items {
            let reasons = item.reasons.isEmpty ? "" : ": " + item.reasons.map(\.description).joined(separator: ", ")
            let forecast = item.decision == .delete ? "" : " | goes " + (item.earliestDeleteAt?.tableText ?? "never")
            let group = Set(plan.items.map(\.group)).count > 1 ? " [\(item.group)]" : ""
            text += "\(item.decision.rawValue) \(item.id)\(group) \(item.takenAt.tableText)\(reasons)\(forecast)\n"
        }
        for brake in plan.brakes { text += "brake \(brake.name): \(brake.sentence); \(brake.wayPast)\n" }
        for notice in plan.notices { text += "notice: \(notice)\n" }
        return text
    }

    /// A what-if list of ids and times.
    static func list(_ backups: [(String, String)]) -> String {
        "[" + backups.map { "{\"id\": \"\($0)\", \"takenAt\": \"\($1)\"}" }.joined(separator: ", ") + "]"
    }

    /// A backup a day at `time`, `count` of them up to `day` of November 2026, named `d` and the day.
    static func days(_ count: Int, to day: Int, time: String = "02:00:00Z", more: [String] = []) -> String {
        let items = (0..<count).map { index in
            let number = String(day - index)
            let padded = number.count < 2 ? "0" + number : number
            return "{\"id\": \"d\(padded)\", \"takenAt\": \"2026-11-\(padded)T\(time)\"}"
        }
        return "[" + (items + more).joined(separator: ", ") + "]"
    }
}
