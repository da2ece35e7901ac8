/// Columns of text with a heading, numbers to the right.
struct TextTable {
    enum Alignment {
        case left
        case right
    }

    /// A text with the columns that it takes on the screen.
    private struct Cell {
        let text: String
        let width: Int

        init(_ stored: String) {
            text = Printable.text(stored)
            width = Printable.isPlain(text) ? text.utf8.count : text.count
        }
    }

    private let alignments: [Alignment]
    private var rows: [[Cell]] = []
    private var widths: [Int]
    private var byteCount = 0

    init(_ columns: [(heading: String, alignment: Alignment)]) {
        alignments = columns.map(\.alignment)
        widths = columns.map { _ in 0 }
        add(columns.map(\.heading))
    }

    mutating func add(_ cells: [String]) {
        let row = cells.map { Cell($0) }
        for (column, cell) in row.enumerated() where column < widths.count {
            widths[column] = max(widths[column], cell.width)
            byteCount += cell.text.utf8.count
        }
        rows.append(row)
    }

    /// The lines, each with its line feed; the heading first.
    var text: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(rows.count * (widths.reduce(0, +) + 2 * widths.count) + byteCount)
        for row in rows {
            for (column, cell) in row.enumerated() {
                let padding = repeatElement(UInt8(ascii: " "), count: max(0, widths[column] - cell.width))
                if column > 0 { bytes.append(contentsOf: [UInt8(ascii: " "), UInt8(ascii: " ")]) }
                if alignments[column] == .right { bytes.append(contentsOf: padding) }
                bytes.append(contentsOf: cell.text.utf8)
                if alignments[column] == .left, column < row.count - 1 { bytes.append(contentsOf: padding) }
            }
            bytes.append(UInt8(ascii: "\n"))
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
