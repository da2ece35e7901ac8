import Comparison
import NIOCore
import Operations
import SnapshotModel

/// Differences between two sides as a table's lines and as JSON.
enum DiffRendering {
    private static let widths = [10, 4, 10, 42]

    static let heading = row(["difference", "db", "type", "what", "key"])

    static func line(_ item: DiffItem) -> String {
        switch item {
        case .key(let difference):
            row([
                word(difference.kind), String(difference.database), typeText(difference), what(difference),
                Printable.key(difference.key.readableBytesView),
            ])
        case .library(let difference):
            row([word(difference.kind), "-", "function", "", Printable.key(Array(difference.name.utf8))])
        }
    }

    private static func row(_ cells: [String]) -> String {
        var line = ""
        for (cell, width) in zip(cells, widths) {
            line += cell + String(repeating: " ", count: max(0, width - cell.count)) + "  "
        }
        return line + (cells.last ?? "")
    }

    /// As the JSON has it, too: what drifts is the deadline.
    private static func word(_ kind: DifferenceKind) -> String {
        kind == .drift ? "ttl" : kind.rawValue
    }

    private static func typeText(_ difference: ComparisonDifference) -> String {
        guard let left = difference.leftType, let right = difference.rightType, left != right else {
            return difference.leftType ?? difference.rightType ?? ""
        }
        return left + "/" + right
    }

    private static func what(_ difference: ComparisonDifference) -> String {
        difference.aspects.map { aspect in
            switch aspect {
            case .type: "type"
            case .value: "value"
            case .fieldDeadlines: "field expiry" + (difference.fieldDrift.map { " " + signed($0) } ?? "")
            case .flags: itemText("flags", difference) { String($0.clientFlags) }
            case .cas: itemText("cas", difference) { $0.cas.map { String($0) } ?? "none" }
            case .deadline: deadlineText(difference)
            }
        }.joined(separator: ", ")
    }

    private static func itemText(
        _ name: String,
        _ difference: ComparisonDifference,
        _ text: (ItemTraits) -> String
    ) -> String {
        name + " " + [difference.leftItem, difference.rightItem].map { $0.map(text) ?? "none" }.joined(separator: "/")
    }

    private static func deadlineText(_ difference: ComparisonDifference) -> String {
        switch (difference.leftExpiry, difference.rightExpiry) {
        case (.at?, .at?): "expiry " + (difference.drift.map { signed($0) } ?? "")
        case (.at?, _): "expiry lost"
        default: "expiry added"
        }
    }

    /// How far and where to: the percentiles beside it have no sign.
    private static func drift(_ milliseconds: Int64) -> String {
        let words = Figures.duration(milliseconds: Int64(clamping: milliseconds.magnitude))
        return milliseconds == 0 ? words : words + (milliseconds < 0 ? " earlier" : " later")
    }

    private static func signed(_ milliseconds: Int64) -> String {
        (milliseconds < 0 ? "-" : "+") + Figures.duration(milliseconds: Int64(clamping: milliseconds.magnitude))
    }

    static func json(_ item: DiffItem) -> JSONObject {
        switch item {
        case .library(let difference):
            return ["difference": .string(word(difference.kind)), "library": .string(difference.name)]
        case .key(let difference):
            var object: JSONObject = [
                "difference": .string(word(difference.kind)),
                "database": .integer(Int64(difference.database)),
                "key": .string(Printable.key(difference.key.readableBytesView)),
                "keyBase64": .string(Base64.encode(difference.key.readableBytesView)),
                "aspects": .array(difference.aspects.map { .string($0.rawValue) }),
            ]
            add(difference.leftType, difference.leftExpiry, "", to: &object)
            add(difference.rightType, difference.rightExpiry, "other", to: &object)
            add(difference.leftItem, "", to: &object)
            add(difference.rightItem, "other", to: &object)
            if let drift = difference.drift { object.add("driftMilliseconds", .integer(drift)) }
            if let drift = difference.fieldDrift { object.add("fieldDriftMilliseconds", .integer(drift)) }
            return object
        }
    }

    private static func add(_ item: ItemTraits?, _ prefix: String, to object: inout JSONObject) {
        guard let item else { return }
        object.add(prefix.isEmpty ? "clientFlags" : prefix + "ClientFlags", .unsigned(item.clientFlags))
        object.add(prefix.isEmpty ? "cas" : prefix + "CAS", item.cas.map { .unsigned($0) } ?? .null)
    }

    private static func add(_ type: String?, _ expiry: Expiry?, _ prefix: String, to object: inout JSONObject) {
        guard let type, let expiry else { return }
        object.add(prefix.isEmpty ? "valueType" : prefix + "ValueType", .string(type))
        let name = prefix.isEmpty ? "expiresAt" : prefix + "ExpiresAt"
        switch expiry {
        case .never: object.add(name, .null)
        case .at(let deadline): object.add(SnapshotRendering.instant(name, deadline))
        }
    }

    // MARK: The whole

    static func text(_ report: DiffReport, hiddenCount: UInt64) -> String {
        let tally = report.tally
        var lines = [
            "\(report.snapshot) and \(Printable.text(report.other)): "
                + (report.hasDifferences ? Figures.counted(tally.differenceCount, "difference") : "no difference"),
            "  keys      \(Figures.count(tally.leftKeyCount)) and \(Figures.count(tally.rightKeyCount)): "
                + "\(Figures.count(tally.sameCount)) same, \(Figures.count(tally[.missing])) missing, "
                + "\(Figures.count(tally[.extra])) extra, \(Figures.count(tally[.changed])) changed, "
                + "\(Figures.count(tally[.drift])) with another expiry, \(Figures.count(tally.expiredCount)) expired "
                + "meanwhile",
        ]
        if report.unplaceableKeyCount > 0 {
            lines.append(
                "  no place  \(Figures.counted(report.unplaceableKeyCount, "missing key")) that Memcached cannot hold: of "
                    + "another database, or with a name that it does not take"
            )
        }
        if tally.drift.count > 0 {
            lines.append(
                "  expiry    of \(Figures.counted(tally.drift.count, "key")): largest drift "
                    + "\(drift(tally.drift.largest)), p50 \(duration(tally.drift.percentile(50))), "
                    + "p99 \(duration(tally.drift.percentile(99)))"
            )
        }
        if report.comparedLibraries {
            lines.append(
                "  functions \(tally.libraryCount(.missing)) missing, \(tally.libraryCount(.extra)) extra, "
                    + "\(tally.libraryCount(.changed)) changed"
            )
        }
        if tally.undecidedCount > 0 {
            lines.append(
                "  undecided \(Figures.counted(tally.undecidedCount, "value")) could not be compared: a module's, too "
                    + "large, or under a key that no command names; type and expiry were"
            )
        }
        if let window = report.window {
            lines.append("  window    \(window.lowerBound) to \(window.upperBound): \(windowText(tally))")
        }
        if hiddenCount > 0 { lines.append("  \(Figures.counted(hiddenCount, "difference")) not shown") }
        return lines.joined(separator: "\n")
    }

    /// What a walk of a node that changes cannot know.
    private static func windowText(_ tally: ComparisonTally) -> String {
        "\(Figures.counted(tally.settledCount, "difference")) gone at a second look; keys that were not there when the "
            + "walk passed, or changed after it, may be missed"
    }

    private static func duration(_ milliseconds: UInt64) -> String {
        Figures.duration(milliseconds: Int64(clamping: milliseconds))
    }

    static func summary(_ report: DiffReport, hiddenCount: UInt64) -> JSONObject {
        let tally = report.tally
        var object: JSONObject = [
            "snapshot": .string(report.snapshot.text),
            "other": .string(report.other),
            "isLive": .bool(report.window != nil),
            "differenceCount": .unsigned(tally.differenceCount),
            "keyCount": .unsigned(tally.leftKeyCount),
            "otherKeyCount": .unsigned(tally.rightKeyCount),
            "sameKeyCount": .unsigned(tally.sameCount),
            "missingKeyCount": .unsigned(tally[.missing]),
            "extraKeyCount": .unsigned(tally[.extra]),
            "changedKeyCount": .unsigned(tally[.changed]),
            "driftedKeyCount": .unsigned(tally[.drift]),
            "expiredKeyCount": .unsigned(tally.expiredCount),
            "unplaceableKeyCount": .unsigned(report.unplaceableKeyCount),
            "undecidedKeyCount": .unsigned(tally.undecidedCount),
            "settledDifferenceCount": .unsigned(tally.settledCount),
            "hiddenDifferenceCount": .unsigned(hiddenCount),
            "toleranceMilliseconds": .integer(report.deadlineTolerance),
            "deadlinePairCount": .unsigned(tally.drift.count),
            "largestDriftMilliseconds": .integer(tally.drift.largest),
            "medianDriftMilliseconds": .unsigned(tally.drift.percentile(50)),
            "p99DriftMilliseconds": .unsigned(tally.drift.percentile(99)),
            "comparedLibraries": .bool(report.comparedLibraries),
            "missingLibraryCount": .unsigned(tally.libraryCount(.missing)),
            "extraLibraryCount": .unsigned(tally.libraryCount(.extra)),
            "changedLibraryCount": .unsigned(tally.libraryCount(.changed)),
        ]
        if let window = report.window {
            object.add(SnapshotRendering.instant("windowBeganAt", window.lowerBound))
            object.add(SnapshotRendering.instant("windowEndedAt", window.upperBound))
        }
        return object
    }
}
