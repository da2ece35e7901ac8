/// Lines over a common horizontal axis.
struct LineChart {
    struct Point {
        var x: Double
        var y: Double
        var mark = PointMark.none
        /// Shown where the pointer rests on the mark.
        var title = ""
    }

    struct Series {
        var name: String
        var style: SeriesStyle
        /// Ascending by their x.
        var points: [Point]
        /// Whether the value stays until the next point, as a share that was reached does.
        var isStepped = false
    }

    /// A value of one axis that is drawn as a line across the chart.
    struct Line {
        var value: Double
        var text: String
        var isObjective: Bool
    }

    var series: [Series]
    /// The ends of the horizontal axis, and its labels for so many of them at most.
    var span: ClosedRange<Double>
    var columns: (Int) -> [Tick]
    /// The labels of the vertical axis, from 0; the last is its end.
    var rows: (Int) -> [Tick]
    var horizontals: [Line] = []
    var verticals: [Line] = []
    var plotHeight = 230.0

    func plot(_ size: ChartSize) -> Plot {
        let rowTicks = rows(size.rowTickCount)
        let frame = Frame(
            left: (rowTicks.map { Shape.width(of: $0.text) }.max() ?? 0) + 10,
            right: size.width - 14,
            top: 10 + legendHeight(size) + Double(verticals.count) * 16,
            height: size == .wide ? plotHeight : min(plotHeight, 190)
        )
        let x = Scale(from: span.lowerBound, to: span.upperBound, start: frame.left, end: frame.right)
        let y = Scale(from: 0, to: rowTicks.last?.value ?? 1, start: frame.bottom, end: frame.top)
        let elements =
            legend(size) + grid(rowTicks, y, frame) + axis(columns(size.columnTickCount), x, frame)
            + series.flatMap { lines($0, x, y, frame) } + horizontals.flatMap { across($0, y, frame) }
            + verticals.enumerated().flatMap { upright($1, row: $0, x, frame, size) }
            + series.flatMap { marks($0, x, y) }
        return Plot(height: frame.bottom + 24, elements: elements)
    }

    /// Where the lines are drawn.
    private struct Frame {
        var left: Double
        var right: Double
        var top: Double
        var height: Double
        var bottom: Double { top + height }
    }

    // MARK: Axes

    private func grid(_ ticks: [Tick], _ y: Scale, _ frame: Frame) -> [Markup] {
        ticks.flatMap { tick in
            let place = y.place(tick.value)
            return [
                Shape.line(frame.left, place, frame.right, place, tick.value == 0 ? "axis" : "grid"),
                Shape.text(frame.left - 8, place + 4, tick.text, .end, "tick"),
            ]
        }
    }

    private func axis(_ ticks: [Tick], _ x: Scale, _ frame: Frame) -> [Markup] {
        ticks.filter { span.contains($0.value) }.flatMap { tick in
            let place = x.place(tick.value)
            let half = Shape.width(of: tick.text) / 2
            let (anchor, shift): (Shape.Anchor, Double) =
                place + half > frame.right + 14 ? (.end, 6) : place - half < 0 ? (.start, -6) : (.middle, 0)
            return [
                Shape.line(place, frame.bottom, place, frame.bottom + 4, "axis"),
                Shape.text(place + shift, frame.bottom + 18, tick.text, anchor, "tick"),
            ]
        }
    }

    // MARK: Lines

    private func lines(_ series: Series, _ x: Scale, _ y: Scale, _ frame: Frame) -> [Markup] {
        var places: [(Double, Double)] = []
        for point in series.points {
            if series.isStepped, let last = places.last { places.append((x.place(point.x), last.1)) }
            places.append((x.place(point.x), y.place(point.y)))
        }
        guard let first = places.first, let last = places.last, places.count > 1 else { return [] }
        let area = places + [(last.0, frame.bottom), (first.0, frame.bottom)]
        let fill = series.style == .first ? [Shape.path(area, closed: true, "area first")] : []
        return fill + [Shape.path(places, "line " + series.style.rawValue)]
    }

    private func marks(_ series: Series, _ x: Scale, _ y: Scale) -> [Markup] {
        series.points.compactMap { point in
            point.mark.markup(x.place(point.x), y.place(point.y), series.style, title: point.title)
        }
    }

    private func across(_ line: Line, _ y: Scale, _ frame: Frame) -> [Markup] {
        let place = y.place(line.value)
        guard (frame.top - 1...frame.bottom).contains(place) else { return [] }
        return [
            Shape.line(frame.left, place, frame.right, place, line.isObjective ? "objective" : "guide"),
            Shape.text(frame.right, place - 6, line.text, .end, line.isObjective ? "halo objective-text" : "halo tick"),
        ]
    }

    /// Labels stand above the plot, each in a row of its own, so that they never cover each other.
    private func upright(_ line: Line, row: Int, _ x: Scale, _ frame: Frame, _ size: ChartSize) -> [Markup] {
        guard span.contains(line.value) else { return [] }
        let place = x.place(line.value)
        let level = frame.top - 6 - Double(verticals.count - 1 - row) * 16
        let isLate = place + Shape.width(of: line.text) > size.width
        return [
            Shape.line(place, level - 4, place, frame.bottom, line.isObjective ? "objective" : "guide"),
            Shape.text(
                place + (isLate ? -6 : 6),
                level,
                line.text,
                isLate ? .end : .start,
                line.isObjective ? "objective-text" : "strong"
            ),
        ]
    }

    // MARK: Legend

    /// A single line needs none: the title tells what it is.
    private var isLegendShown: Bool { series.count > 1 }

    private func legendHeight(_ size: ChartSize) -> Double {
        guard isLegendShown else { return 0 }
        return size == .wide ? 24 : Double(series.count) * 18 + 6
    }

    private func legend(_ size: ChartSize) -> [Markup] {
        guard isLegendShown else { return [] }
        var place = 0.0
        return series.enumerated().flatMap { index, series in
            let (x, y) = size == .wide ? (place, 10) : (0, 10 + Double(index) * 18)
            place += 28 + Shape.width(of: series.name) + 20
            return [
                Shape.line(x, y, x + 22, y, "line " + series.style.rawValue),
                Shape.text(x + 28, y + 4, series.name, .start, ""),
            ]
        }
    }
}
