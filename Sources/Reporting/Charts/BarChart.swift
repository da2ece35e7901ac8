/// Horizontal bars in rows, one or two to a row: they have room for their names on any page.
struct BarChart {
    struct Row {
        var name: String
        /// One for each series, with the text that stands at the bar's end.
        var values: [(value: Double, text: String)]
    }

    /// The names of the series; one needs no legend.
    var series: [(name: String, style: SeriesStyle)]
    var rows: [Row]

    func plot(_ size: ChartSize) -> Plot {
        let nameWidth = (rows.map { Shape.width(of: $0.name) }.max() ?? 0) + 10
        let textWidth = (rows.flatMap(\.values).map { Shape.width(of: $0.text) }.max() ?? 0) + 10
        let largest = rows.flatMap(\.values).map(\.value).max() ?? 0
        let scale = Scale(from: 0, to: max(largest, 1e-9), start: nameWidth, end: size.width - textWidth)
        let barHeight = series.count > 1 ? 9.0 : 14
        let rowHeight = series.count > 1 ? 31.0 : 26
        var elements = legend
        let top = series.count > 1 ? 26.0 : 2
        for (index, row) in rows.enumerated() {
            let y = top + Double(index) * rowHeight
            let block = barHeight * Double(series.count) + 2 * Double(series.count - 1)
            let first = y + (rowHeight - block) / 2
            elements.append(Shape.text(nameWidth - 10, y + rowHeight / 2 + 4, row.name, .end, "tick"))
            let isSame = Set(row.values.map(\.text)).count == 1
            for (number, (value, style)) in zip(row.values, series.map(\.style)).enumerated() {
                let level = first + Double(number) * (barHeight + 2)
                elements += bar(value, style, y: level, height: barHeight, scale)
                guard !isSame else { continue }
                elements.append(label(value, y: level + barHeight / 2 + 4 + (number == 0 ? -2 : 2), scale))
            }
            if isSame, let widest = row.values.max(by: { $0.value < $1.value }) {
                elements.append(label(widest, y: y + rowHeight / 2 + 4, scale))
            }
        }
        elements.append(Shape.line(nameWidth, top, nameWidth, top + Double(rows.count) * rowHeight, "axis"))
        return Plot(height: top + Double(rows.count) * rowHeight + 4, elements: elements)
    }

    /// Anything at all is at least one unit wide.
    private func bar(
        _ value: (value: Double, text: String),
        _ style: SeriesStyle,
        y: Double,
        height: Double,
        _ scale: Scale
    ) -> [Markup] {
        guard value.value > 0 else { return [] }
        let width = max(1.5, scale.place(value.value) - scale.start)
        return [Shape.rectangle(scale.start, y, width, height, radius: 1.5, "bar " + style.rawValue)]
    }

    private func label(_ value: (value: Double, text: String), y: Double, _ scale: Scale) -> Markup {
        Shape.text(scale.place(value.value) + 6, y, value.text, .start, "")
    }

    private var legend: [Markup] {
        guard series.count > 1 else { return [] }
        var x = 0.0
        return series.flatMap { name, style in
            defer { x += 20 + Shape.width(of: name) + 20 }
            return [
                Shape.rectangle(x, 4, 14, 10, radius: 1.5, "bar " + style.rawValue),
                Shape.text(x + 20, 13, name, .start, ""),
            ]
        }
    }
}
