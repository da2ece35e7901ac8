package import ArchiveFormat
import ArchiveIO
import ByteCoding
import NIOCore

/// A block of records of one of the archives.
package struct BlockPlace: Codable, Hashable, Sendable {
    /// The archive's place among the parts.
    package var part: Int
    package var block: UInt32

    package init(part: Int, block: UInt32) {
        self.part = part
        self.block = block
    }
}

/// The order in which the blocks of a snapshot are restored, by temperature tiers over all parts: the same for the same
/// snapshot, target and options, so that a later run can go on at a place in it.
///
/// The hottest tier first, so that what is asked for most is there soon; the coldest first for a store that keeps its
/// items in the order of their last use and knows it by their coming alone.
///
/// Pure. Only blocks in which records begin are in it: those that only carry a value on are read with the value.
package struct BlockOrder: Sendable {
    package let places: [BlockPlace]

    package init(_ places: [BlockPlace]) {
        self.places = places
    }

    /// Tier by tier, in each the archives one after the other, each from its start to its end.
    package init(_ parts: [RestorePart], coldestFirst: Bool = false) {
        self.init(parts.map(\.reader.index), coldestFirst: coldestFirst)
    }

    /// The same of the archives' indices.
    package init(_ indices: [ArchiveIndex], coldestFirst: Bool = false) {
        var tiers: [UInt8: [BlockPlace]] = [:]
        for (part, index) in indices.enumerated() {
            for entry in index.records where entry.header.recordCount > 0 {
                let place = BlockPlace(part: part, block: entry.header.number)
                tiers[entry.header.tier, default: []].append(place)
            }
        }
        places = tiers.sorted { coldestFirst ? $0.key > $1.key : $0.key < $1.key }.flatMap(\.value)
    }

    package var count: Int { places.count }

    /// Blocks of one part that follow each other in the order.
    struct Stretch: Sendable {
        var part: Int
        /// The place in the order of the first.
        var start: Int
        var blocks: [UInt32]
    }

    /// The order from one of its places on, cut where the part changes.
    func stretches(from start: Int) -> [Stretch] {
        var stretches: [Stretch] = []
        for index in places.indices.dropFirst(start) {
            let place = places[index]
            if let last = stretches.last, last.part == place.part {
                stretches[stretches.count - 1].blocks.append(place.block)
            } else {
                stretches.append(Stretch(part: place.part, start: index, blocks: [place.block]))
            }
        }
        return stretches
    }

    /// A checksum of the order, by which a later run knows that its places are the same.
    package var fingerprint: UInt64 {
        var bytes = ByteBuffer()
        for place in places {
            bytes.writeInteger(UInt32(place.part))
            bytes.writeInteger(place.block)
        }
        return bytes.withUnsafeReadableBytes { CRC64.of($0) }
    }
}
