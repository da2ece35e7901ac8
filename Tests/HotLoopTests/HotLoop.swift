import ArchiveFormat

/// The loops that every key of a snapshot or a restore goes through.
enum HotLoop: String, CaseIterable, Sendable {
    /// A loop that is ready to run, as often as one likes.
    typealias Run = () async throws -> Void

    // Snapshot.
    case receiveTransfer
    case skimStream
    case skimPayloads
    case readScanReplies
    case parseListedItems
    case parseItems
    case buildBlocks
    case encodeStoredBlocks
    case encodeZlibBlocks
    case encodeZstdBlocks
    // Restore, verify, diff.
    case decodeBlocks
    case writeCommands
    case writeStream
    case writeItems
    case countReplies
    case parseReplies

    /// What an item may cost at most: as found in a debug build, where every closure that is not inlined takes 40 bytes or
    /// so; a release build takes less.
    ///
    /// **Limits are only lowered**, unless another compiler counts otherwise. A fraction is the cost of a block or a chunk,
    /// spread over its records.
    var limit: AllocationsPerItem {
        switch self {
        case .receiveTransfer: AllocationsPerItem(calls: 0.001, byteCount: 10)
        case .skimStream: AllocationsPerItem(calls: 0.001, byteCount: 0.1)
        case .skimPayloads: AllocationsPerItem(calls: 1, byteCount: 40)
        case .readScanReplies: AllocationsPerItem(calls: 11.2, byteCount: 443)
        case .parseListedItems: AllocationsPerItem(calls: 2, byteCount: 80)
        case .parseItems: AllocationsPerItem(calls: 0, byteCount: 0)
        case .buildBlocks: AllocationsPerItem(calls: 1.01, byteCount: 240)
        case .encodeStoredBlocks, .encodeZlibBlocks, .encodeZstdBlocks:
            AllocationsPerItem(calls: 9.02, byteCount: 560)
        case .decodeBlocks: AllocationsPerItem(calls: 0.02, byteCount: 1)
        case .writeCommands: AllocationsPerItem(calls: 1, byteCount: 40)
        case .writeStream: AllocationsPerItem(calls: 1.001, byteCount: 305)
        case .writeItems: AllocationsPerItem(calls: 1, byteCount: 40)
        case .countReplies: AllocationsPerItem(calls: 0, byteCount: 0)
        case .parseReplies: AllocationsPerItem(calls: 6, byteCount: 189)
        }
    }

    /// A run over so many items, to be counted.
    func run(itemCount: Int) throws -> Run {
        switch self {
        case .receiveTransfer: Self.receiveTransfer(itemCount)
        case .skimStream: try Self.skimStream(itemCount)
        case .skimPayloads: try Self.skimPayloads(itemCount)
        case .readScanReplies: try Self.readScanReplies(itemCount)
        case .parseListedItems: Self.parseListedItems(itemCount)
        case .parseItems: Self.parseItems(itemCount)
        case .buildBlocks: Self.buildBlocks(itemCount)
        case .encodeStoredBlocks: try Self.encodeBlocks(itemCount, .none)
        case .encodeZlibBlocks: try Self.encodeBlocks(itemCount, .zlib(level: 1))
        case .encodeZstdBlocks: try Self.encodeBlocks(itemCount, .zstd(level: 1))
        case .decodeBlocks: try Self.decodeBlocks(itemCount)
        case .writeCommands: Self.writeCommands(itemCount)
        case .writeStream: Self.writeStream(itemCount)
        case .writeItems: Self.writeItems(itemCount)
        case .countReplies: Self.countReplies(itemCount)
        case .parseReplies: Self.parseReplies(itemCount)
        }
    }
}
