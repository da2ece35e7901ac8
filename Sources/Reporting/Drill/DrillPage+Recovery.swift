import SnapshotModel

// How the node came back: the curve, the phases, and the drills before this one.

extension DrillPage {
    var recovery: Section? {
        guard content.recovery.count > 1 || !record.phases.isEmpty else { return nil }
        return Section(
            id: "recovery",
            title: "Recovery",
            lead: "What the node could serve, counted from the command, and where the time went.",
            content: [curve, phases].compactMap(\.self)
        )
    }

    /// The curve of recovery: what share of the keys, and of the recent accesses, the node could serve when.
    private var curve: Markup? {
        let points = content.recovery.sorted { $0.milliseconds < $1.milliseconds }
        guard points.count > 1, let last = points.last else { return nil }
        var series = [
            LineChart.Series(
                name: "keys",
                style: .first,
                points: points.map { .init(x: Double($0.milliseconds), y: min(1, max(0, $0.keyShare))) }
            )
        ]
        let accesses = points.compactMap { point in
            point.accessShare.map { LineChart.Point(x: Double(point.milliseconds), y: min(1, max(0, $0))) }
        }
        if accesses.count > 1 { series.append(.init(name: "recent accesses", style: .second, points: accesses)) }
        var verticals: [LineChart.Line] = []
        if let hot = record.hotRTOMilliseconds {
            let text = "80 % of accesses: " + Figures.duration(milliseconds: hot)
            verticals.append(.init(value: Double(hot), text: text, isObjective: false))
        }
        if let recovery = record.rtoMilliseconds {
            let text = "every key: " + Figures.duration(milliseconds: recovery)
            verticals.append(.init(value: Double(recovery), text: text, isObjective: false))
        }
        let end = Double(max(last.milliseconds, record.rtoMilliseconds ?? 0))
        // An objective that lies far behind would press the curve together: then the caption tells it.
        let limit = record.objectives?.maximumRecoveryMilliseconds
        let isShown = limit.map { Double($0) <= end * 1.6 } ?? false
        if let limit, isShown {
            let text = "objective: " + Durations.round(limit)
            verticals.append(.init(value: Double(limit), text: text, isObjective: true))
        }
        let largest = max(end, isShown ? Double(limit ?? 0) : 0)
        let chart = LineChart(
            series: series,
            span: 0...max(1, largest * 1.02),
            columns: { Ticks.durations(upTo: largest, count: $0) },
            rows: { Ticks.shares(count: $0) },
            verticals: verticals
        )
        let caption = limit.flatMap { limit in
            isShown ? nil : "The objective, \(Durations.round(limit)), lies outside of the chart."
        }
        return Chart(
            id: "recovery-curve",
            title: "Share of keys and of recent accesses served over time",
            description: verticals.map(\.text).joined(separator: "; ") + ". \(points.count) points.",
            caption: caption,
            chart.plot
        ).markup
    }

    private static let phaseNames: [DrillPhase: String] = [
        .locate: "locate the snapshot", .start: "start the node", .read: "read", .decode: "check, decode",
        .load: "load", .compare: "compare",
    ]

    private var phases: Markup? {
        let unknown = record.phases.keys.filter { !DrillPhase.known.contains($0) }.sorted { $0.rawValue < $1.rawValue }
        let rows = (DrillPhase.known + unknown).compactMap { phase in
            record.phases[phase].map { milliseconds in
                BarChart.Row(
                    name: Self.phaseNames[phase] ?? phase.rawValue,
                    values: [(Double(milliseconds), Figures.duration(milliseconds: milliseconds))]
                )
            }
        }
        guard !rows.isEmpty else { return nil }
        let chart = BarChart(series: [("time", .first)], rows: rows)
        let words = rows.map { "\($0.name) \($0.values.first?.text ?? "")" }.joined(separator: ", ")
        return .element("h3", [:], text: "Phases")
            + Chart(
                id: "phases",
                title: "Time of each phase",
                description: words + ".",
                caption: "Reading, decoding and loading overlap: their times do not add up. The comparison comes after"
                    + " the recovery and is no part of it.",
                chart.plot
            ).markup
    }

    // MARK: The drills before

    var trend: Section? {
        let charts = TrendCharts(content.trend, objectives: record.objectives, zone: zone)
        guard !charts.charts.isEmpty else { return nil }
        return Section(id: "trend", title: "Drill by drill", lead: charts.lead, content: charts.charts)
    }
}

extension DrillRecord.Result {
    /// `passed`, `difference found`, `objective missed`, `inconclusive`.
    var words: String {
        switch self {
        case .pass: "passed"
        case .difference: "difference found"
        case .objectiveMissed: "objective missed"
        case .inconclusive: "inconclusive"
        }
    }
}
