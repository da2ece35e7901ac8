import Operations
import Restore
import SnapshotModel

/// The plan of a restore, and what it came to.
enum RestoreRendering {
    // MARK: Report

    static func text(_ report: RestoreReport) -> String {
        let duration = Figures.duration(milliseconds: report.durationMilliseconds)
        let rate = Figures.count(UInt64(report.keysPerSecond))
        var lines = ["snapshot \(report.manifest.id) into \(report.plan.target.address): \(duration), \(rate) keys/s"]
        if let resumption = report.result.resumedFrom {
            let count = Figures.counted(resumption.recordCount, "record")
            lines.append("continued after \(count) of the restore of \(resumption.startedAt)")
        }
        if report.result.retryCount > 0 {
            lines.append("connected again \(Figures.counted(report.result.retryCount, "time"))")
        }
        lines.append(text(report.accounting, noun: "key"))
        if report.result.libraries.captured > 0 {
            lines.append(text(report.result.libraries, noun: "function library"))
        }
        if report.result.piecewiseKeyCount > 0 {
            lines.append("\(report.result.piecewiseKeyCount) of them piece by piece, without idle time and frequency")
        }
        lines += report.result.lostBlocks.map { "lost: " + Printable.text($0) }
        if !report.result.servedAccesses.isEmpty { lines.append(text(report.result.servedAccesses)) }
        if let slowing = report.result.slowing { lines.append(text(slowing)) }
        if let verification = report.result.verification { lines.append(text(verification)) }
        return lines.joined(separator: "\n")
    }

    static func summary(_ report: RestoreReport) -> JSONObject {
        let result = report.result
        var object: JSONObject = [
            "snapshot": .string(report.manifest.id.text),
            "target": .string(report.plan.target.address),
            "method": .string(report.plan.options.method.rawValue),
        ]
        object.add(json(report.accounting))
        object.add("libraries", .object(json(result.libraries, unit: "Count")))
        object.add("moduleAuxiliaryCount", .unsigned(result.moduleAuxiliaryCount))
        object.add("dueKeyCount", .unsigned(result.dueKeyCount))
        object.add("lostBlocks", .array(result.lostBlocks.map { .string($0) }))
        object.add("errorTexts", SnapshotRendering.tags(result.errorTexts))
        object.add("verification", result.verification.map { .object(json($0)) } ?? .null)
        object.add("piecewiseKeyCount", .unsigned(result.piecewiseKeyCount))
        object.add("sentByteCount", .unsigned(result.sentByteCount))
        object.add("resumedFrom", result.resumedFrom.map { .object(json($0)) } ?? .null)
        object.add("retryCount", .unsigned(result.retryCount))
        object.add("loadingMilliseconds", .integer(report.loadingMilliseconds))
        object.add("servedAccesses", json(result.servedAccesses))
        object.add("slowing", result.slowing.map { .object(json($0)) } ?? .null)
        object.add("restoreMilliseconds", .integer(report.durationMilliseconds))
        object.add("keysPerSecond", .number(report.keysPerSecond))
        return object
    }

    private static func json(_ resumption: RestoreResult.Resumption) -> JSONObject {
        var object: JSONObject = ["recordCount": .unsigned(resumption.recordCount)]
        object.add(SnapshotRendering.instant("startedAt", resumption.startedAt))
        return object
    }

    /// "recent accesses served: 50 % after 1.2 s, 80 % after 2.0 s, 100 % after 9.1 s".
    private static func text(_ milestones: [ServedAccesses.Milestone]) -> String {
        let parts = milestones.map { milestone in
            "\(milestone.percent) % after \(Figures.duration(milliseconds: milestone.duration.milliseconds))"
        }
        return "recent accesses served: " + parts.joined(separator: ", ")
    }

    private static func json(_ milestones: [ServedAccesses.Milestone]) -> JSONValue {
        .array(
            milestones.map { milestone in
                .object([
                    "percent": .count(milestone.percent),
                    "timeToServedMilliseconds": .integer(milestone.duration.milliseconds),
                ])
            }
        )
    }

    /// "slowed down for 3.1 s, 12 times, the target's latency up to 45 ms".
    private static func text(_ slowing: SendThrottle.Slowing) -> String {
        "slowed down for \(Figures.duration(milliseconds: slowing.duration.milliseconds)),"
            + " \(Figures.counted(slowing.slowdownCount, "time")), the target's latency up to"
            + " \(Figures.duration(milliseconds: slowing.highestLatency.milliseconds))"
    }

    private static func json(_ slowing: SendThrottle.Slowing) -> JSONObject {
        [
            "slowedMilliseconds": .integer(slowing.duration.milliseconds),
            "slowdownCount": .unsigned(slowing.slowdownCount),
            "highestLatencyMilliseconds": .integer(slowing.highestLatency.milliseconds),
        ]
    }

    // MARK: Accounting

    /// Every class that is not zero, and why; `stored` is the word for what arrived.
    static func text(_ accounting: RestoreAccounting, noun: String, stored: String = "restored") -> String {
        var lines = [Figures.counted(accounting.captured, noun, plural: plural(noun)) + " captured"]
        for name in RestoreAccounting.Class.allCases where accounting[name] > 0 {
            let reasons = (accounting.reasons[name] ?? [:]).sorted { $0.key < $1.key }
                .map { "\($0.key): \(Figures.count($0.value))" }
            let why = reasons.isEmpty ? "" : " (" + reasons.joined(separator: ", ") + ")"
            let word = name == .restored ? stored : name.rawValue
            lines.append("  \(Figures.count(accounting[name])) \(word)\(why)")
        }
        for (name, count) in accounting.omissions.sorted(by: { $0.key < $1.key }) {
            lines.append("  \(Figures.count(count)) of them without \(Self.words(ofOmission: name))")
        }
        return lines.joined(separator: "\n")
    }

    /// What of Memcached's items may stay out; everything else is told by its name.
    private static func words(ofOmission name: String) -> String {
        switch name {
        case "cas:item": "their CAS values"
        case "fetched:item": "their fetched flag"
        case "stale:item": "the mark that they are stale"
        case "clientFlags:item": "their client flags"
        case "deadlineAfter2038": "the part of their life after January 2038"
        default: name
        }
    }

    private static func plural(_ noun: String) -> String {
        noun.hasSuffix("y") && noun != "key" ? noun.dropLast() + "ies" : noun + "s"
    }

    /// The classes as `restoredKeyCount` and so on, all of them, and their reasons.
    static func json(
        _ accounting: RestoreAccounting,
        unit: String = "KeyCount",
        stored: String = "restored"
    ) -> JSONObject {
        var object: JSONObject = ["captured" + unit: .unsigned(accounting.captured)]
        var reasons: JSONObject = [:]
        for name in RestoreAccounting.Class.allCases {
            object.add((name == .restored ? stored : name.rawValue) + unit, .unsigned(accounting[name]))
            guard let known = accounting.reasons[name], !known.isEmpty else { continue }
            var counts: JSONObject = [:]
            for (reason, count) in known.sorted(by: { $0.key < $1.key }) { counts.add(reason, .unsigned(count)) }
            reasons.add(name.rawValue, .object(counts))
        }
        object.add("reasons", .object(reasons))
        var omissions: JSONObject = [:]
        for (name, count) in accounting.omissions.sorted(by: { $0.key < $1.key }) {
            omissions.add(name, .unsigned(count))
        }
        object.add("omissions", .object(omissions))
        object.add("isBalanced", .bool(accounting.isBalanced))
        return object
    }

    // MARK: Verification

    static func json(_ verification: RestoreVerification) -> JSONObject {
        [
            "isGood": .bool(verification.isGood),
            "sampledKeyCount": .unsigned(verification.sampledKeyCount),
            "matchingKeyCount": .unsigned(verification.matchingKeyCount),
            "presenceOnlyKeyCount": .unsigned(verification.presenceOnlyKeyCount),
            "dueKeyCount": .unsigned(verification.dueKeyCount),
            "missingKeyCount": .unsigned(verification.missingKeyCount),
            "differingValueCount": .unsigned(verification.differingValueCount),
            "differingDeadlineCount": .unsigned(verification.differingDeadlineCount),
            "databases": .array(verification.databases.map { .object(json($0)) }),
        ]
    }

    private static func json(_ check: RestoreVerification.DatabaseCheck) -> JSONObject {
        [
            "database": .integer(Int64(check.database)),
            "isAsExpected": .bool(check.isAsExpected),
            "keyCount": .unsigned(check.keyCount),
            "leastExpectedKeyCount": .unsigned(check.expectedKeyCounts.lowerBound),
            "mostExpectedKeyCount": .unsigned(check.expectedKeyCounts.upperBound),
            "expiringKeyCount": check.expiringKeyCount.map { .unsigned($0) } ?? .null,
            "leastExpectedExpiringKeyCount": .unsigned(check.expectedExpiringKeyCounts.lowerBound),
            "mostExpectedExpiringKeyCount": .unsigned(check.expectedExpiringKeyCounts.upperBound),
        ]
    }

    static func text(_ verification: RestoreVerification) -> String {
        let sample =
            "read back \(Figures.counted(verification.sampledKeyCount, "key")):"
            + " \(Figures.count(verification.matchingKeyCount)) as written"
            + (verification.dueKeyCount > 0 ? ", \(Figures.count(verification.dueKeyCount)) expired since" : "")
        let wrong = verification.databases.filter { !$0.isAsExpected }.map { check in
            "db\(check.database) counts \(Figures.counted(check.keyCount, "key")),"
                + " \(Figures.count(check.expectedKeyCounts.lowerBound))"
                + " to \(Figures.count(check.expectedKeyCounts.upperBound)) were expected"
        }
        return ([sample] + wrong).joined(separator: "\n")
    }
}
