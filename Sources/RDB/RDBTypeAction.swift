import SnapshotModel

/// What the skimmer needs of a row of the type table: few bytes, no references.
struct RDBTypeAction: Sendable {
    /// The row's place in the table; -1 for a number that means nothing.
    private let rowIndex: Int16
    /// The first step of the layout; -1 where that cannot be told from outside.
    let entry: Int16
    let type: UInt8
    let refersToTemplate: Bool

    static let none = Self(rowIndex: -1, entry: -1, type: 0, refersToTemplate: false)

    private init(rowIndex: Int16, entry: Int16, type: UInt8, refersToTemplate: Bool) {
        self.rowIndex = rowIndex
        self.entry = entry
        self.type = type
        self.refersToTemplate = refersToTemplate
    }

    init(_ row: RDBValueType, rowIndex: Int) {
        self.init(
            rowIndex: Int16(rowIndex),
            entry: Int16(row.entry ?? -1),
            type: row.type,
            refersToTemplate: row.refersToTemplate
        )
    }

    var isKnown: Bool { rowIndex >= 0 }
    var isReadable: Bool { entry >= 0 }
    var row: RDBValueType? { isKnown ? RDBValueTypes.rows[Int(rowIndex)] : nil }
}

extension RDBValueTypes {
    /// By type number; empty for a format that cannot be read.
    static func actions(_ format: PayloadFormat) -> [RDBTypeAction] {
        guard supports(format) else { return [] }
        return (0...UInt8.max).map { type in
            guard let row = row(type: type, format: format), let index = rows.firstIndex(of: row) else { return .none }
            return RDBTypeAction(row, rowIndex: index)
        }
    }
}
