/// Consecutive blocks of records that cannot be read.
package struct LostBlocks: Hashable, Sendable {
    /// Number of the first one among the blocks of records.
    package var firstNumber: UInt32
    /// How many; nil if nothing that is left tells where the archive ended.
    package var blockCount: UInt64?
    /// Records that begin in them; nil if nothing that is left tells.
    package var recordCount: UInt64?
    /// Where in the file the first one begins or should begin.
    package var offset: UInt64
    package var reason: String

    package init(firstNumber: UInt32, blockCount: UInt64?, recordCount: UInt64?, offset: UInt64, reason: String) {
        self.firstNumber = firstNumber
        self.blockCount = blockCount
        self.recordCount = recordCount
        self.offset = offset
        self.reason = reason
    }
}

extension LostBlocks: CustomStringConvertible {
    package var description: String {
        let blocks =
            switch blockCount {
            case nil: "blocks \(firstNumber) and following"
            case 1?: "block \(firstNumber)"
            case let count?: "blocks \(firstNumber) to \(UInt64(firstNumber) + count - 1)"
            }
        let records = recordCount.map { "\($0) records" } ?? "an unknown number of records"
        return "\(blocks) at offset \(offset): \(records) lost: \(reason)"
    }
}

/// What is left of an archive, and what is lost.
package struct SalvageReport: Hashable, Sendable {
    /// Damage beside the blocks of records: header, trailer, index, superseded list; sentences.
    package var problems: [String] = []
    package var lost: [LostBlocks] = []
    /// Blocks of records that are intact.
    package var intactBlockCount: UInt64 = 0
    /// Records that begin in intact blocks, those of broken values included.
    package var intactRecordCount: UInt64 = 0
    /// Values that begin in an intact block and have lost a later chunk.
    package var brokenValueCount: UInt64 = 0

    package init() {}

    package var isWhole: Bool { problems.isEmpty && lost.isEmpty && brokenValueCount == 0 }

    /// Records that cannot be read, broken values included; nil if nothing that is left tells.
    package var lostRecordCount: UInt64? {
        var sum = brokenValueCount
        for blocks in lost {
            guard let count = blocks.recordCount else { return nil }
            sum += count
        }
        return sum
    }

    /// Blocks of records that cannot be read; nil if nothing that is left tells.
    package var lostBlockCount: UInt64? {
        var sum: UInt64 = 0
        for blocks in lost {
            guard let count = blocks.blockCount else { return nil }
            sum += count
        }
        return sum
    }
}
