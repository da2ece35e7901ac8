/// How a series looks: its colour, and a form that tells it from the others where there is no colour.
enum SeriesStyle: String, CaseIterable, Hashable, Sendable {
    /// A full line, filled bars.
    case first
    /// A dashed line, hollow bars.
    case second
    /// A dotted line.
    case third
}

/// What stands at a point of a line.
enum PointMark: Hashable, Sendable {
    case none
    case dot
    /// A cross: it went wrong.
    case cross
    /// A triangle: it missed what it was to reach.
    case triangle
    /// A hollow square: nothing is known.
    case square

    func markup(_ x: Double, _ y: Double, _ style: SeriesStyle, title: String) -> Markup? {
        let radius = 4.0
        let title = title.isEmpty ? [] : [Markup.element("title", [:], text: title)]
        switch self {
        case .none: return nil
        case .dot:
            let attributes: Attributes = [
                "class": "mark full \(style.rawValue)", "cx": Shape.number(x), "cy": Shape.number(y),
                "r": Shape.number(radius - 0.5),
            ]
            return .element("circle", attributes, title)
        case .cross:
            return path("mark alarm", [(-1, -1, 1, 1), (-1, 1, 1, -1)], x, y, radius, title)
        case .triangle:
            return path(
                "mark caution",
                [(-1.2, 1, 1.2, 1), (1.2, 1, 0, -1.2), (0, -1.2, -1.2, 1)],
                x,
                y,
                radius,
                title
            )
        case .square:
            return path(
                "mark neutral",
                [(-1, -1, 1, -1), (1, -1, 1, 1), (1, 1, -1, 1), (-1, 1, -1, -1)],
                x,
                y,
                radius,
                title
            )
        }
    }

    private func path(
        _ style: String,
        _ strokes: [(Double, Double, Double, Double)],
        _ x: Double,
        _ y: Double,
        _ radius: Double,
        _ title: [Markup]
    ) -> Markup {
        let steps = strokes.map { stroke in
            let from = Shape.number(x + stroke.0 * radius) + " " + Shape.number(y + stroke.1 * radius)
            return "M" + from + "L" + Shape.number(x + stroke.2 * radius) + " " + Shape.number(y + stroke.3 * radius)
        }
        return .element("path", ["class": style, "d": steps.joined()], title)
    }
}
