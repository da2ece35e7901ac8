import ArchiveFormat
import ArchiveIO
import SnapshotModel

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

    /// All of a block of a part, the one at `index`; who looks through one part alone needs no index.
    init(_ block: DecodedBlock, of part: RestorePart, at index: Int = 0) {
        self.part = index
        number = block.header.number
        cursor = block.records()
        superseded = part.reader.superseded.ordinals(inBlock: number)
        present = part.present
    }

    mutating func next() throws(ArchiveError) -> RecordLayout? {
        if let layout = pending.take() { return layout }
        return try cursor.next()
    }

    /// The next key that counts: where its record begins, unless a later reading superseded it.
    mutating func nextKey() throws(ArchiveError) -> RecordLayout? {
        while let layout = try next() {
            if !layout.isContinuation, !isSuperseded(layout.ordinal), layout.kind == .key { return layout }
        }
        return nil
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
