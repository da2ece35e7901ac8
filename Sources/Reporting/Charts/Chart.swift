/// For which pages a chart is drawn: text in a drawing shrinks with it, so that one size cannot serve both.
enum ChartSize: String, CaseIterable, Hashable, Sendable {
    case wide
    case narrow

    /// Of the drawing, in its own units, which are CSS pixels at its full size.
    var width: Double {
        switch self {
        case .wide: 820
        case .narrow: 340
        }
    }

    /// How many labels have room beside each other, and above each other.
    var columnTickCount: Int { self == .wide ? 8 : 4 }
    var rowTickCount: Int { 5 }
}

/// A drawing of a given height, in the units of its size.
struct Plot {
    var height: Double
    var elements: [Markup]
}

/// A chart: drawn for each size, with a title and a description for those who cannot see it.
struct Chart {
    /// Unique in the page; of our own sources.
    var id: String
    var title: String
    /// What the chart shows, in words and figures.
    var description: String
    var caption: String?
    var draw: (ChartSize) -> Plot

    init(
        id: String,
        title: String,
        description: String,
        caption: String? = nil,
        _ draw: @escaping (ChartSize) -> Plot
    ) {
        self.id = id
        self.title = title
        self.description = description
        self.caption = caption
        self.draw = draw
    }

    var markup: Markup {
        let caption = caption.map { [Markup.element("figcaption", [:], text: $0)] } ?? []
        return .element("figure", ["id": id], ChartSize.allCases.map { drawing($0) } + caption)
    }

    private func drawing(_ size: ChartSize) -> Markup {
        let plot = draw(size)
        let (titleID, descriptionID) = ("\(id)-\(size.rawValue)-title", "\(id)-\(size.rawValue)-description")
        return .element(
            "svg",
            [
                "xmlns": "http://www.w3.org/2000/svg",
                "class": size.rawValue,
                "viewBox": "0 0 \(Shape.number(size.width)) \(Shape.number(plot.height))",
                "role": "img",
                "aria-labelledby": "\(titleID) \(descriptionID)",
            ],
            [
                .element("title", ["id": titleID], text: title),
                .element("desc", ["id": descriptionID], text: description),
            ] + plot.elements
        )
    }
}

/// Maps values to places of a drawing.
struct Scale {
    var from: Double
    var to: Double
    var start: Double
    var end: Double

    func place(_ value: Double) -> Double {
        guard to > from else { return (start + end) / 2 }
        return start + (value - from) / (to - from) * (end - start)
    }
}

/// The elements of SVG that charts are made of.
enum Shape {
    /// With one digit after the point at most.
    static func number(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e9 else { return "0" }
        let tenths = Int((value * 10).rounded())
        let (whole, rest) = (abs(tenths) / 10, abs(tenths) % 10)
        return (tenths < 0 ? "-" : "") + String(whole) + (rest == 0 ? "" : ".\(rest)")
    }

    static func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) -> Markup {
        .element(
            "line",
            ["class": style, "x1": number(x1), "y1": number(y1), "x2": number(x2), "y2": number(y2)]
        )
    }

    static func rectangle(
        _ x: Double,
        _ y: Double,
        _ width: Double,
        _ height: Double,
        radius: Double = 0,
        _ style: String
    ) -> Markup {
        var attributes: Attributes = ["class": style, "x": number(x), "y": number(y)]
        attributes.add("width", number(max(0, width)))
        attributes.add("height", number(max(0, height)))
        if radius > 0 { attributes.add("rx", number(radius)) }
        return .element("rect", attributes)
    }

    static func path(_ points: [(Double, Double)], closed: Bool = false, _ style: String) -> Markup {
        let steps = points.enumerated().map { index, point in
            (index == 0 ? "M" : "L") + number(point.0) + " " + number(point.1)
        }
        return .element("path", ["class": style, "d": steps.joined() + (closed ? "Z" : "")])
    }

    enum Anchor: String {
        case start
        case middle
        case end
    }

    static func text(_ x: Double, _ y: Double, _ text: String, _ anchor: Anchor = .start, _ style: String) -> Markup {
        .element(
            "text",
            ["class": style, "x": number(x), "y": number(y), "text-anchor": anchor.rawValue],
            text: text
        )
    }

    /// How wide a text of 12 pixels is at most, roughly: figures of the system's fonts are 7 wide.
    static func width(of text: String) -> Double { Double(text.count) * 6.9 }
}
