import SnapshotModel

/// Recovery time and age of the data over drills: for a drill's page and for a repository's.
struct TrendCharts {
    /// So many drills are shown, the newest.
    private static let shownCount = 60

    private let drills: [DrillPage.TrendPoint]
    private let objectives: DrillRecord.Objectives?
    private let zone: ReportZone

    init(_ drills: [DrillPage.TrendPoint], objectives: DrillRecord.Objectives?, zone: ReportZone) {
        self.drills = drills.sorted { $0.at < $1.at }.suffix(Self.shownCount)
        self.objectives = objectives
        self.zone = zone
    }

    var lead: String? {
        guard drills.count > 1 else { return nil }
        return "The last \(drills.count) drills on record. A cross is a drill that found a difference, a triangle one"
            + " that missed an objective, a square one that was inconclusive."
    }

    /// None if there are not two drills.
    var charts: [Markup] {
        guard drills.count > 1 else { return [] }
        return [
            chart(
                id: "rto-trend",
                title: "Recovery time (RTO)",
                limit: objectives?.maximumRecoveryMilliseconds,
                [("every key", .first, \.rtoMilliseconds), ("80 % of recent accesses", .second, \.hotRTOMilliseconds)]
            ),
            chart(
                id: "rpo-trend",
                title: "Age of the data (RPO)",
                limit: objectives?.maximumDataAgeMilliseconds,
                [("age", .first, { $0.rpoMilliseconds })]
            ),
        ].compactMap(\.self)
    }

    private func chart(
        id: String,
        title: String,
        limit: Int64?,
        _ lines: [(String, SeriesStyle, (DrillRecord) -> Int64?)]
    ) -> Markup? {
        let series = lines.compactMap { name, style, value in line(name, style, value) }
        let values = series.flatMap(\.points).map(\.y)
        guard let smallest = values.min(), let largest = values.max(), let first = drills.first?.at,
            let last = drills.last?.at
        else { return nil }
        // Room at either end, so that the first and the last mark stand clear of the axis.
        let room = max(1, Double(last.milliseconds(since: first)) * 0.015)
        let top = max(largest, Double(limit ?? 0)) * 1.08
        let chart = LineChart(
            series: series,
            span: Double(first.rawValue) - room...Double(last.rawValue) + room,
            columns: { [zone] in Ticks.dates(first...last, zone: zone, count: $0) },
            rows: { Ticks.durations(upTo: top, count: $0) },
            horizontals: limit.map { limit in
                [.init(value: Double(limit), text: "objective " + Durations.round(limit), isObjective: true)]
            } ?? [],
            plotHeight: 170
        )
        let description =
            "\(drills.count) drills, from \(Figures.duration(milliseconds: Int64(smallest)))"
            + " to \(Figures.duration(milliseconds: Int64(largest)))"
            + (limit.map { "; the objective is \(Durations.round($0))." } ?? ".")
        return .element("h3", [:], text: title)
            + Chart(id: id, title: title + " of the last drills", description: description, chart.plot).markup
    }

    private func line(
        _ name: String,
        _ style: SeriesStyle,
        _ value: (DrillRecord) -> Int64?
    ) -> LineChart.Series? {
        let points = drills.compactMap { drill in
            value(drill.record).map { milliseconds in
                LineChart.Point(
                    x: Double(drill.at.rawValue),
                    y: Double(milliseconds),
                    mark: Self.mark(drill.record.result),
                    title: "\(zone.text(drill.at)): \(Figures.duration(milliseconds: milliseconds)),"
                        + " \(drill.record.result.words), snapshot \(drill.snapshot)"
                )
            }
        }
        return points.isEmpty ? nil : LineChart.Series(name: name, style: style, points: points)
    }

    private static func mark(_ result: DrillRecord.Result) -> PointMark {
        switch result {
        case .pass: .dot
        case .difference: .cross
        case .objectiveMissed: .triangle
        case .inconclusive: .square
        }
    }
}

/// Durations that somebody chose, without parts that are zero: `5 min`, `26 h`.
enum Durations {
    static func round(_ milliseconds: Int64) -> String {
        if milliseconds % 86_400_000 == 0, milliseconds > 0 { return "\(milliseconds / 86_400_000) d" }
        if milliseconds % 3_600_000 == 0, milliseconds > 0 { return "\(milliseconds / 3_600_000) h" }
        if milliseconds % 60_000 == 0, milliseconds > 0 { return "\(milliseconds / 60_000) min" }
        if milliseconds % 1000 == 0 { return "\(milliseconds / 1000) s" }
        return Figures.duration(milliseconds: milliseconds)
    }
}
