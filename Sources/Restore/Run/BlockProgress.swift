import ArchiveFormat

/// A decoded block on its way to the target: which record is next.
struct BlockProgress: Sendable {
    let part: Int
    let number: UInt32
    var cursor: RecordCursor
    /// Records of the block that a later reading of the same key superseded, ascending; those passed are dropped.
    var superseded: ArraySlice<RecordPlace>
    /// Records whose keys the target has; nil if nobody looked.
    let present: RecordSet?
    /// A record that was read and did not fit into the batch.
    var pending: RecordLayout?
    /// Records that begin in the block and have been counted or sent.
    var finishedCount: UInt64 = 0

    init(
        part: Int,
        number: UInt32,
        cursor: RecordCursor,
        superseded: ArraySlice<RecordPlace>,
        present: RecordSet? = nil
    ) {
        self.present = present
        self.part = part
        self.number = number
        self.cursor = cursor
        self.superseded = superseded
    }

    mutating func next() throws(ArchiveError) -> RecordLayout? {
        if let layout = pending.take() { return layout }
        return try cursor.next()
    }

    /// Whether the target has the record's key.
    func isPresent(_ ordinal: UInt32) -> Bool {
        present?.contains(RecordPlace(block: number, ordinal: ordinal)) ?? false
    }

    /// Whether the record was superseded; must be asked in ascending order.
    mutating func isSuperseded(_ ordinal: UInt32) -> Bool {
        guard let first = superseded.first, first.ordinal == ordinal else { return false }
        superseded.removeFirst()
        return true
    }
}
