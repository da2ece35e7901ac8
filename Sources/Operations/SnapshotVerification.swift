import ArchiveIO
package import SnapshotModel

/// What verifying one snapshot found, over all its parts.
package struct SnapshotVerification: Hashable, Sendable {
    package let snapshot: SnapshotID
    package let sourceName: String
    /// What is wrong, in sentences with the place.
    package internal(set) var problems: [String] = []
    /// What is lost, in sentences, one for each run of lost blocks.
    package internal(set) var losses: [String] = []
    /// Blocks and records that are lost; nil if nothing that is left tells how many.
    package internal(set) var lostBlockCount: UInt64? = 0
    package internal(set) var lostRecordCount: UInt64? = 0
    package internal(set) var intactBlockCount: UInt64 = 0
    package internal(set) var intactRecordCount: UInt64 = 0
    package internal(set) var readByteCount: UInt64 = 0
    package internal(set) var durationMilliseconds: Int64 = 0

    init(snapshot: SnapshotID, sourceName: String) {
        self.snapshot = snapshot
        self.sourceName = sourceName
    }

    package var isIntact: Bool { problems.isEmpty && losses.isEmpty }

    /// The sentence for the fact; nil if all was well.
    var problem: String? {
        guard let first = problems.first ?? losses.first else { return nil }
        let others = problems.count + losses.count - 1
        return others > 0 ? "\(first) (and \(others) more)" : first
    }

    mutating func add(_ verification: ArchiveVerification, part: Int) {
        readByteCount += verification.byteCount
        intactBlockCount += verification.intactBlockCount
        intactRecordCount += verification.intactRecordCount
        problems += verification.problems.map { "part \(part): \($0)" }
        guard !verification.isIntact else { return }
        guard let salvage = verification.salvage else { return addUnknownLoss() }
        losses += salvage.lost.map { "part \(part): \($0)" }
        if salvage.brokenValueCount > 0 {
            losses.append("part \(part): \(salvage.brokenValueCount) values have lost a later chunk")
        }
        lostBlockCount = Self.sum(lostBlockCount, salvage.lostBlockCount)
        lostRecordCount = Self.sum(lostRecordCount, salvage.lostRecordCount)
    }

    /// A part that is not there at all: the manifest tells what was in it.
    mutating func addMissing(_ part: PartDescriptor, _ message: String) {
        problems.append("part \(part.number): \(message)")
        lostBlockCount = Self.sum(lostBlockCount, part.blockCount)
        lostRecordCount = Self.sum(lostRecordCount, part.recordCount)
    }

    /// The archive's own statistics are those of the manifest.
    mutating func addProblem(_ message: String) {
        problems.append(message)
    }

    private mutating func addUnknownLoss() {
        lostBlockCount = nil
        lostRecordCount = nil
    }

    private static func sum(_ left: UInt64?, _ right: UInt64?) -> UInt64? {
        guard let left, let right else { return nil }
        return left + right
    }
}
