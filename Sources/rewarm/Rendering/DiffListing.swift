import Operations

/// Prints differences as they come: as JSON items, or as lines of a table whose widths are fixed beforehand.
struct DiffListing {
    private let limit: UInt64?
    private var shownCount: UInt64 = 0
    /// Differences that were not printed because of the limit.
    private(set) var hiddenCount: UInt64 = 0

    init(limit: UInt64?) {
        self.limit = limit
    }

    mutating func add(_ item: DiffItem, _ console: Console) throws {
        guard limit.map({ shownCount < $0 }) ?? true else {
            hiddenCount += 1
            return
        }
        if shownCount == 0, !console.isJSON { try console.item([:], text: DiffRendering.heading + "\n") }
        shownCount += 1
        try console.item(DiffRendering.json(item), text: DiffRendering.line(item) + "\n")
    }

    /// Parts the table from what follows.
    func end(_ console: Console) throws {
        if shownCount > 0, !console.isJSON, !console.isQuiet { try console.item([:], text: "\n") }
    }
}
