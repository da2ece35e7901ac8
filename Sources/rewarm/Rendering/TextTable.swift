/// Columns of text with a heading, numbers to the right.
struct TextTable {
    enum Alignment {
        case left
        case right
    }

    private let headings: [String]
    private let alignments: [Alignment]
    private var rows: [[String]] = []

    init(_ columns: [(heading: String, alignment: Alignment)]) {
        headings = columns.map(\.heading)
        alignments = columns.map(\.alignment)
    }

    mutating func add(_ cells: [String]) {
        rows.append(cells.map { Printable.text($0) })
    }

    /// The lines, each with its line feed; the heading first.
    var text: String {
        let lines = [headings] + rows
        let widths = headings.indices.map { column in
            lines.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
        }
        return lines.map { line(of: $0, widths: widths) + "\n" }.joined()
    }

    private func line(of cells: [String], widths: [Int]) -> String {
        var line = ""
        for (column, cell) in cells.enumerated() {
            let padding = String(repeating: " ", count: max(0, widths[column] - cell.count))
            if column > 0 { line += "  " }
            switch alignments[column] {
            case .left: line += column == cells.count - 1 ? cell : cell + padding
            case .right: line += padding + cell
            }
        }
        return line
    }
}
