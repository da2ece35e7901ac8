/// A table with headings; where it is wider than the page it scrolls, and the page does not.
struct DataTable {
    enum Column {
        case text(String)
        /// Figures, to the right.
        case number(String)
        /// Text that is not broken: an id, an instant.
        case fixed(String)
        /// Text that wants room: reasons.
        case long(String)

        var heading: String {
            switch self {
            case .text(let heading), .number(let heading), .fixed(let heading), .long(let heading): heading
            }
        }

        var style: String? {
            switch self {
            case .text: nil
            case .number: "number"
            case .fixed: "fixed"
            case .long: "long"
            }
        }
    }

    /// What the table tells, for those who come to it without the text around it.
    var caption: String
    var columns: [Column]
    /// The first cell of a row is its heading.
    private var rows: [[Markup]] = []
    private var ending: String?

    init(caption: String, _ columns: [Column]) {
        (self.caption, self.columns) = (caption, columns)
    }

    mutating func add(_ cells: String...) { rows.append(cells.map { .text($0) }) }
    mutating func add(_ cells: [Markup]) { rows.append(cells) }

    /// A last line over all columns: what was left out.
    mutating func end(_ text: String) { ending = text }

    var isEmpty: Bool { rows.isEmpty }

    var markup: Markup {
        var parts: [Markup] = [.element("caption", [:], text: caption)]
        let headings = columns.map { column in
            Markup.element("th", Self.attributes(column).adding("scope", "col"), text: column.heading)
        }
        parts.append(.element("thead", [:], .element("tr", [:], headings)))
        parts.append(.element("tbody", [:], rows.map(row)))
        if let ending {
            let cell = Markup.element("td", ["colspan": String(columns.count)], text: ending)
            parts.append(.element("tfoot", [:], .element("tr", [:], cell)))
        }
        // A region that scrolls must be reachable with the keyboard.
        return .element(
            "div",
            ["class": "scroll", "role": "region", "tabindex": "0", "aria-label": caption],
            .element("table", [:], parts)
        )
    }

    private func row(_ cells: [Markup]) -> Markup {
        .element(
            "tr",
            [:],
            zip(cells, columns).enumerated().map { index, pair in
                let attributes = Self.attributes(pair.1)
                return index == 0
                    ? .element("th", attributes.adding("scope", "row"), [pair.0])
                    : .element("td", attributes, [pair.0])
            }
        )
    }

    private static func attributes(_ column: Column) -> Attributes {
        var attributes: Attributes = [:]
        if let style = column.style { attributes.add("class", style) }
        return attributes
    }
}

/// A figure that stands out: what it is, its value, what it is to be held against.
struct Tile {
    var name: String
    var value: String
    var aside: String?
    var isMissed = false

    var markup: Markup {
        let aside = aside.map { [Markup.element("p", ["class": "aside"], text: $0)] } ?? []
        return .element(
            "dl",
            ["class": isMissed ? "tile missed" : "tile"],
            .element("dt", [:], text: name),
            .element("dd", [:], [.element("span", [:], text: value)] + aside)
        )
    }

    static func row(_ tiles: [Self], label: String) -> Markup {
        let columns: String =
            switch tiles.count {
            case 1: "one"
            case 2: "two"
            case 4, 8: "four"
            default: "three"
            }
        return .element("section", ["class": "tiles " + columns, "aria-label": label], tiles.map(\.markup))
    }
}
