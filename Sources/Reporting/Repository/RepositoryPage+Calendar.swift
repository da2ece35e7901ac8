import SnapshotModel

// What is kept, day by day, by which rule, and what is missing.

extension RepositoryPage {
    /// So many months are shown, the newest.
    private static let shownMonthCount = 18

    /// What is known about a day of the wall clock.
    private struct Day {
        var snapshots: [Snapshot] = []
        var failedCount = 0
        var isMissed = false
    }

    var calendar: Section? {
        let days = days
        guard let first = days.keys.min(), let last = days.keys.max() else { return nil }
        let (newestMonth, oldestMonth) = (Self.month(of: last), Self.month(of: first))
        let months = (max(oldestMonth, newestMonth - Self.shownMonthCount + 1)...newestMonth).reversed()
        let hidden = newestMonth - oldestMonth + 1 - months.count
        let note =
            hidden > 0 ? [Markup.element("p", ["class": "note"], text: "\(hidden) earlier months are not shown.")] : []
        let hasRules = snapshots.contains { $0.decision != nil }
        return Section(
            id: "calendar",
            title: "Calendar",
            lead: "The days of the snapshots that are still there"
                + (hasRules ? ", with the coarsest rule that keeps one of the day." : "."),
            content: [.element("div", ["class": "months"], months.map { drawing(of: $0, days) }), keys] + note
        )
    }

    private var days: [Int64: Day] {
        var days: [Int64: Day] = [:]
        for snapshot in snapshots { days[zone.day(snapshot.instant), default: Day()].snapshots.append(snapshot) }
        for run in content.failedRuns { days[zone.day(run.at), default: Day()].failedCount += 1 }
        for gap in content.gaps {
            let (from, to) = (zone.day(gap.from) + 1, zone.day(gap.to ?? now))
            // A gap within a day is told by the table.
            for day in from..<max(from, to) where days[day]?.snapshots.isEmpty ?? true {
                days[day, default: Day()].isMissed = true
            }
        }
        return days
    }

    /// Months since the year 0, of a day since 1970.
    private static func month(of day: Int64) -> Int {
        guard let civil = UnixMilliseconds(day * ReportZone.millisecondsPerDay).civilTime else { return 0 }
        return civil.year * 12 + civil.month - 1
    }

    private static let cell = 29.0

    /// One month: a column for each day of the week, Monday first.
    private func drawing(of month: Int, _ days: [Int64: Day]) -> Markup {
        let (year, number) = (month / 12, month % 12 + 1)
        let title = "\(ReportZone.monthName(number)) \(year)"
        let civil = CivilTime(year: year, month: number, day: 1, hour: 0, minute: 0, second: 0, millisecond: 0)
        let start = (UnixMilliseconds(civilTime: civil)?.rawValue ?? 0) / ReportZone.millisecondsPerDay
        let length = (28...31).last { Self.month(of: start + Int64($0) - 1) == month } ?? 28
        // 1970-01-01 was a Thursday.
        let offset = Int(((start + 3) % 7 + 7) % 7)
        let weeks = (offset + length + 6) / 7
        var elements = ["M", "T", "W", "T", "F", "S", "S"].enumerated().map { column, name in
            Shape.text((Double(column) + 0.5) * Self.cell, 11, name, .middle, "day-number")
        }
        for index in 0..<length {
            let (column, row) = ((offset + index) % 7, (offset + index) / 7)
            let (x, y) = (Double(column) * Self.cell + 1.5, Double(row) * Self.cell + 18)
            elements += cell(index + 1, days[start + Int64(index)], x: x, y: y)
        }
        let id = "month-\(year)-\(number)"
        let counted = (0..<length).reduce(0) { $0 + (days[start + Int64($1)]?.snapshots.count ?? 0) }
        let (width, height) = (Shape.number(Self.cell * 7 + 1), Shape.number(Double(weeks) * Self.cell + 20))
        let drawing = Markup.element(
            "svg",
            [
                "xmlns": "http://www.w3.org/2000/svg", "viewBox": "0 0 \(width) \(height)", "role": "img",
                "aria-labelledby": "\(id)-title \(id)-description",
            ],
            [
                .element("title", ["id": "\(id)-title"], text: title),
                .element("desc", ["id": "\(id)-description"], text: Figures.counted(UInt64(counted), "snapshot") + "."),
            ] + elements
        )
        return .element("div", ["class": "month"], .element("h3", [:], text: title), drawing)
    }

    private func cell(_ number: Int, _ day: Day?, x: Double, y: Double) -> [Markup] {
        let side = Self.cell - 3
        let (middle, base) = (x + side / 2, y + side / 2 + 4.5)
        guard let day else { return [Shape.text(middle, base, String(number), .middle, "day-number")] }
        let letter = day.snapshots.compactMap(\.tierLetter).min { Self.rank($0) < Self.rank($1) }
        let isCoarse = letter.map { Self.rank($0) <= 3 } ?? false
        let style: String =
            if day.snapshots.isEmpty {
                day.isMissed ? "day gap" : "day"
            } else if day.snapshots.allSatisfy({ $0.decision == .delete }) {
                "day leaving"
            } else {
                isCoarse ? "day kept coarse" : "day kept"
            }
        let text = letter.flatMap { $0 == "." ? nil : $0 } ?? String(number)
        let textStyle = letter != nil && letter != "." ? "day-letter" + (isCoarse ? " on-coarse" : "") : "day-number"
        var elements = [
            Shape.rectangle(x, y, side, side, radius: 4, style), Shape.text(middle, base, text, .middle, textStyle),
        ]
        if day.failedCount > 0 {
            let (right, top) = (x + side - 2, y + 2)
            elements.append(Shape.path([(right - 5, top), (right, top + 5)], "failed"))
            elements.append(Shape.path([(right - 5, top + 5), (right, top)], "failed"))
        }
        return [.element("g", [:], [.element("title", [:], text: words(number, day))] + elements)]
    }

    /// What the pointer is told about a day.
    private func words(_ number: Int, _ day: Day) -> String {
        var parts = day.snapshots.map { snapshot in
            "\(zone.text(snapshot.instant)) \(snapshot.id)"
                + (snapshot.decision.map { ": \($0.rawValue) " } ?? "") + snapshot.reasons.joined(separator: ", ")
        }
        if day.failedCount > 0 { parts.append(Figures.counted(UInt64(day.failedCount), "failed run")) }
        if day.isMissed { parts.append("a snapshot was due and none was taken") }
        return parts.joined(separator: "; ")
    }

    /// Coarse first.
    private static func rank(_ letter: String) -> Int { ["Y", "Q", "M", "W", "D", "H"].firstIndex(of: letter) ?? 6 }

    private var keys: Markup {
        func key(
            _ style: String,
            _ letter: String,
            _ letterStyle: String,
            _ text: String,
            failed: Bool = false
        ) -> Markup {
            var elements = [
                Shape.rectangle(1, 1, 20, 20, radius: 4, style), Shape.text(11, 15.5, letter, .middle, letterStyle),
            ]
            if failed {
                elements = [Shape.path([(7, 7), (15, 15)], "failed"), Shape.path([(7, 15), (15, 7)], "failed")]
            }
            let drawing = Markup.element(
                "svg",
                ["xmlns": "http://www.w3.org/2000/svg", "viewBox": "0 0 22 22", "aria-hidden": "true"],
                elements
            )
            return .element("li", [:], drawing, .text(text))
        }
        let hasRules = snapshots.contains { $0.decision != nil }
        let tiers =
            hasRules
            ? [
                key("day kept coarse", "Y", "day-letter on-coarse", "kept as yearly, Q quarterly, M monthly, W weekly"),
                key("day kept", "D", "day-letter", "kept as daily, H hourly or finer"),
                key("day kept", "7", "day-number", "kept by another rule, a floor or a hold"),
                key("day leaving", "7", "day-number", "would be deleted"),
            ] : [key("day kept", "7", "day-number", "a snapshot")]
        let missed = content.schedule == nil ? [] : [key("day gap", "7", "day-number", "due, and none was taken")]
        return .element("ul", ["class": "keys"], tiers + missed + [key("", "", "", "a run failed", failed: true)])
    }

    // MARK: Rules and gaps

    var retention: Section? {
        guard !content.rules.isEmpty else { return nil }
        var table = DataTable(
            caption: "What each rule keeps",
            [.text("Rule"), .fixed("Setting"), .number("Keeps"), .fixed("Newest"), .fixed("Oldest")]
        )
        for rule in content.rules {
            table.add(
                rule.name,
                rule.setting ?? "-",
                Figures.count(UInt64(rule.keptCount)),
                rule.newest.map { zone.text($0) } ?? "-",
                rule.oldest.map { zone.text($0) } ?? "-"
            )
        }
        let kept = snapshots.count { $0.decision == .keep || $0.decision == .skip }
        let leaving = snapshots.filter { $0.decision == .delete }
        let freed = leaving.reduce(0) { $0 + $1.storedByteCount }
        let ending =
            leaving.isEmpty
            ? "Retention would keep all \(kept)."
            : "Retention would keep \(kept) and delete \(leaving.count) (\(Figures.bytes(freed)))."
        return Section(
            id: "retention",
            title: "Retention",
            lead: ending + " A snapshot may be kept by several rules; it goes when none is left.",
            content: [table.markup]
        )
    }

    var gaps: Section? {
        guard let schedule = content.schedule else { return nil }
        var table = DataTable(
            caption: "Times in which snapshots were due and none was published",
            [.fixed("After"), .fixed("Until"), .number("Length"), .number("Missed")]
        )
        for gap in content.gaps.sorted(by: { $0.from > $1.from }).prefix(50) {
            table.add(
                zone.text(gap.from),
                gap.to.map { zone.text($0) } ?? "now",
                Figures.duration(milliseconds: (gap.to ?? now).milliseconds(since: gap.from)),
                Figures.count(UInt64(gap.missedCount))
            )
        }
        let lead = "Snapshots are due \(schedule)."
        let none = Markup.element(
            "p",
            ["class": "note"],
            text: "No gap is known between the snapshots that are still there."
        )
        return Section(id: "gaps", title: "Gaps", lead: lead, content: [content.gaps.isEmpty ? none : table.markup])
    }

    // MARK: One by one

    /// So many snapshots have a row.
    private static let shownSnapshotCount = 400

    var list: Section? {
        guard !snapshots.isEmpty else { return nil }
        let hasRules = snapshots.contains { $0.decision != nil }
        let hasSources = Set(snapshots.map(\.sourceName)).count > 1
        var table = DataTable(
            caption: "Snapshots, the newest first",
            [.fixed("Taken"), .fixed("Snapshot")] + (hasSources ? [.text("Source")] : [])
                + [.number("Keys"), .number("Stored"), .text("State")]
                + (hasRules ? [.fixed("Decision"), .long("Because of"), .fixed("Not deleted before")] : [])
        )
        for snapshot in snapshots.prefix(Self.shownSnapshotCount) {
            var cells: [Markup] = [.text(zone.text(snapshot.instant)), .element("code", [:], text: snapshot.id.text)]
            if hasSources { cells.append(.text(snapshot.sourceName)) }
            cells += [
                .text(Figures.count(snapshot.keyCount)), .text(Figures.bytes(snapshot.storedByteCount)),
                .text(snapshot.states.joined(separator: " ")),
            ]
            if hasRules {
                cells += [
                    .text(snapshot.decision?.rawValue ?? "-"),
                    .text(snapshot.reasons.isEmpty ? "-" : snapshot.reasons.joined(separator: ", ")),
                    .text(snapshot.decision == .delete ? "-" : snapshot.earliestDeleteAt.map { zone.text($0) } ?? "-"),
                ]
            }
            table.add(cells)
        }
        let more = snapshots.count - Self.shownSnapshotCount
        if more > 0 { table.end("and \(more) earlier ones; 'rewarm list' has them") }
        return Section(id: "snapshots", title: "Snapshots", lead: nil, content: [table.markup])
    }
}
