package import ArchiveFormat
import ArchiveIO

/// The open blocks of a capture, one for each temperature tier, and which of them is being filled.
///
/// ```
/// select(tier) -> `builder` is that tier's; take() -> its block, numbered in the order of taking
/// ```
/// A record's place is known only when its block is taken: until then blocks have serial numbers, in the order in which
/// they were begun.
///
/// It cannot be copied: a second reference to the buffers would make the next record copy them.
package struct TieredBlocks: ~Copyable, Sendable {
    /// The tier of `builder`, 0 the hottest.
    private(set) var tier = 0

    /// The builders of the tiers, owned; they are used where they lie, as which of them is wanted changes with each record.
    private nonisolated(unsafe) let builders: UnsafeMutablePointer<BlockBuilder>
    /// The serial number of each tier's open block.
    private var serials: [UInt32]
    private var nextSerial: UInt32
    /// By serial number, the number in the archive of each block taken; only with several tiers.
    private var numbers: [UInt32] = []
    private var takenCount: UInt32 = 0

    /// With one tier it has one builder, and places are what that builder says.
    init(tierCount: Int, writer: ArchiveWriter) {
        builders = .allocate(capacity: tierCount)
        for tier in 0..<tierCount { (builders + tier).initialize(to: writer.makeBuilder(tier: UInt8(tier))) }
        serials = (0..<UInt32(tierCount)).map { $0 }
        nextSerial = UInt32(tierCount)
    }

    deinit {
        builders.deinitialize(count: serials.count)
        builders.deallocate()
    }

    /// The block being filled.
    package var builder: BlockBuilder {
        _read { yield builders[tier] }
        _modify { yield &builders[tier] }
    }

    var tierCount: Int { serials.count }

    /// Goes on with the open block of another tier; no record may be open.
    @inline(__always)
    mutating func select(_ wanted: Int) {
        precondition(wanted < tierCount, "a tier that there is")
        tier = wanted
    }

    /// The place of a record that `builder` has begun, its block by serial number.
    func provisional(_ place: RecordPlace) -> RecordPlace {
        tierCount == 1 ? place : RecordPlace(block: serials[tier], ordinal: place.ordinal)
    }

    /// Where records are whose blocks were taken.
    struct SettledPlaces: Sendable {
        /// nil where there is one tier.
        fileprivate let numbers: [UInt32]?

        func place(of provisional: RecordPlace) -> RecordPlace {
            numbers.map { RecordPlace(block: $0[Int(provisional.block)], ordinal: provisional.ordinal) } ?? provisional
        }
    }

    var settled: SettledPlaces { SettledPlaces(numbers: tierCount == 1 ? nil : numbers) }

    /// Takes the block that is being filled.
    mutating func take() -> RawBlock {
        let isEmpty = builder.isEmpty
        let block = builder.take()
        guard tierCount > 1, !isEmpty else { return block }
        let serial = Int(serials[tier])
        while numbers.count <= serial { numbers.append(.max) }
        numbers[serial] = takenCount
        takenCount += 1
        serials[tier] = nextSerial
        nextSerial += 1
        return block
    }
}
