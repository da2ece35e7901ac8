/// What a person sees of a transcript: a screen that knows line feed, carriage return, "clear to the end of the line",
/// and lines that are too long.
package struct TerminalScreen: Sendable {
    /// The lines from the top, without spaces at their ends.
    package var lines: [String] {
        var lines = cells.map { row in
            String(row.reversed().drop { $0 == " " }.reversed())
        }
        while lines.last == "" { lines.removeLast() }
        return lines
    }

    /// Control sequences other than "clear to the end of the line".
    package private(set) var unknownSequences: [String] = []
    /// Lines that went on in the next one because they were too long.
    package private(set) var wrapCount = 0

    private let columnCount: Int
    private var cells: [[Character]] = [[]]
    private var column = 0

    package init(_ transcript: String, columnCount: Int) {
        self.columnCount = columnCount
        var scalars = transcript.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            switch scalar {
            case "\r": column = 0
            case "\n": advance()
            case "\u{1B}":
                var sequence = ""
                while let next = scalars.next() {
                    sequence.unicodeScalars.append(next)
                    if next != "[", ("@"..."~").contains(next) { break }
                }
                if sequence == "[K" { clearToEndOfLine() } else { unknownSequences.append(sequence) }
            default: put(Character(scalar))
            }
        }
    }

    private mutating func put(_ character: Character) {
        if column == columnCount {
            wrapCount += 1
            column = 0
            advance()
        }
        var row = cells.removeLast()
        while row.count <= column { row.append(" ") }
        row[column] = character
        cells.append(row)
        column += 1
    }

    private mutating func advance() {
        cells.append([])
    }

    private mutating func clearToEndOfLine() {
        cells[cells.count - 1].removeSubrange(min(column, cells[cells.count - 1].count)...)
    }
}
