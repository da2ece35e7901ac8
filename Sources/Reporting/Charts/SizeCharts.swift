import SnapshotModel

/// Size and compression over snapshots: for a drill's page and for a repository's.
struct SizeCharts {
    /// So many snapshots are shown, the newest.
    private static let shownCount = 200
    /// Up to so many snapshots have a mark each.
    private static let markedCount = 45

    private let points: [DrillPage.SizePoint]
    private let zone: ReportZone

    init(_ points: [DrillPage.SizePoint], zone: ReportZone) {
        self.points = points.sorted { ($0.instant, $0.id) < ($1.instant, $1.id) }.suffix(Self.shownCount)
        self.zone = zone
    }

    /// nil if there are not two of them.
    var section: Section? {
        guard points.count > 1, let first = points.first?.instant, let last = points.last?.instant else { return nil }
        return Section(
            id: "sizes",
            title: "Size and compression",
            lead: "The last \(points.count) snapshots of the source that are still there.",
            content: [bytes(first...last), ratio(first...last)].compactMap(\.self)
        )
    }

    private func bytes(_ span: ClosedRange<UnixMilliseconds>) -> Markup {
        let largest = Double(points.map { max($0.rawByteCount, $0.storedByteCount) }.max() ?? 0)
        let chart = LineChart(
            series: [
                line("stored", .first) {
                    Double($0.storedByteCount)
                } title: {
                    Figures.bytes($0.storedByteCount)
                },
                line("before compression", .second) {
                    Double($0.rawByteCount)
                } title: {
                    Figures.bytes($0.rawByteCount)
                },
            ],
            span: Self.axis(span),
            columns: { [zone] in Ticks.dates(span, zone: zone, count: $0) },
            rows: { Ticks.bytes(upTo: largest * 1.05, count: $0) },
            plotHeight: 180
        )
        let last = points.last.map { "The last one: \(Figures.bytes($0.storedByteCount)) stored." } ?? ""
        return Chart(
            id: "size-trend",
            title: "Bytes of the snapshots, stored and before compression",
            description: "\(points.count) snapshots, the largest \(Figures.bytes(UInt64(largest))). \(last)",
            chart.plot
        ).markup
    }

    private func ratio(_ span: ClosedRange<UnixMilliseconds>) -> Markup? {
        let ratios = points.filter { $0.rawByteCount > 0 }
        guard ratios.count > 1 else { return nil }
        let value: (DrillPage.SizePoint) -> Double = { Double($0.storedByteCount) / Double($0.rawByteCount) }
        let largest = max(1, ratios.map(value).max() ?? 1)
        let series = Self(ratios, zone: zone).line("ratio", .first, value) { Figures.fixed(value($0), digits: 3) }
        let chart = LineChart(
            series: [series],
            span: Self.axis(span),
            columns: { [zone] in Ticks.dates(span, zone: zone, count: $0) },
            rows: { Ticks.ratios(upTo: largest, count: $0) },
            plotHeight: 120
        )
        let last = ratios.last.map { Figures.fixed(value($0), digits: 2) } ?? ""
        return .element("h3", [:], text: "Stored bytes per byte before compression")
            + Chart(
                id: "ratio-trend",
                title: "Compression of the snapshots: stored bytes per byte",
                description: "Less is better; the last one is \(last).",
                chart.plot
            ).markup
    }

    private func line(
        _ name: String,
        _ style: SeriesStyle,
        _ value: (DrillPage.SizePoint) -> Double,
        title: (DrillPage.SizePoint) -> String
    ) -> LineChart.Series {
        LineChart.Series(
            name: name,
            style: style,
            points: points.map { point in
                LineChart.Point(
                    x: Double(point.instant.rawValue),
                    y: value(point),
                    mark: points.count <= Self.markedCount ? .dot : .none,
                    title: "\(zone.text(point.instant)): \(title(point)), snapshot \(point.id)"
                )
            }
        )
    }

    private static func axis(_ span: ClosedRange<UnixMilliseconds>) -> ClosedRange<Double> {
        let room = max(1, Double(span.upperBound.rawValue - span.lowerBound.rawValue) * 0.015)
        return Double(span.lowerBound.rawValue) - room...Double(span.upperBound.rawValue) + room
    }
}
