package import NIOCore

/// Records that a later reading of the same key superseded: no reader restores or counts them.
package struct SupersededRecords: Hashable, Sendable {
    /// Bytes of a place: block and ordinal, 32 bits each, little-endian.
    static let placeByteCount = 8

    /// Ascending, without repetition.
    package let places: [RecordPlace]

    package init(_ places: some Sequence<RecordPlace> = []) {
        var sorted: [RecordPlace] = []
        for place in places.sorted() where place != sorted.last {
            sorted.append(place)
        }
        self.places = sorted
    }

    package var isEmpty: Bool { places.isEmpty }
    package var count: Int { places.count }

    package func contains(_ place: RecordPlace) -> Bool {
        let index = firstIndex(from: place)
        return index < places.count && places[index] == place
    }

    /// The ordinals of superseded records in one block, ascending.
    package func ordinals(inBlock block: UInt32) -> ArraySlice<RecordPlace> {
        let start = firstIndex(from: RecordPlace(block: block, ordinal: 0))
        let end = block == .max ? places.count : firstIndex(from: RecordPlace(block: block + 1, ordinal: 0))
        return places[start..<end]
    }

    private func firstIndex(from place: RecordPlace) -> Int {
        var range = places.startIndex..<places.endIndex
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            range = places[middle] < place ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return range.lowerBound
    }

    /// The contents of the blocks of kind `superseded`.
    package func encoded() -> [ByteBuffer] {
        var blocks: [ByteBuffer] = []
        var rest = places[...]
        while !rest.isEmpty {
            var bytes = ByteBuffer()
            for place in rest.prefix(ArchiveLimits.sectionBlockByteCount / Self.placeByteCount) {
                bytes.writeInteger(place.block, endianness: .little)
                bytes.writeInteger(place.ordinal, endianness: .little)
            }
            rest = rest.dropFirst(ArchiveLimits.sectionBlockByteCount / Self.placeByteCount)
            blocks.append(bytes)
        }
        return blocks
    }

    /// The places of one block of kind `superseded`.
    package static func places(
        decoding content: ByteBuffer,
        of piece: ArchivePiece
    ) throws(ArchiveError) -> [RecordPlace] {
        var content = content
        guard content.readableBytes.isMultiple(of: placeByteCount) else {
            throw .malformed(piece, reason: "a place is cut off")
        }
        var places: [RecordPlace] = []
        places.reserveCapacity(content.readableBytes / placeByteCount)
        while let block = content.readInteger(endianness: .little, as: UInt32.self),
            let ordinal = content.readInteger(endianness: .little, as: UInt32.self)
        {
            places.append(RecordPlace(block: block, ordinal: ordinal))
        }
        return places
    }
}
