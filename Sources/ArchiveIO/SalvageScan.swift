import ArchiveFormat
import NIOCore
import ObjectStorage

/// Looks for blocks in a file whose index cannot be used.
///
/// ```
/// at each offset:  a sound header of this archive and sound stored bytes: a block; go on behind it
///                  a sound header and damaged bytes: a lost block that is known; go on behind its header
///                  neither: go on at the next place where the magic of a block stands
/// ```
struct SalvageScan {
    /// How much is read at once when looking for the magic.
    private static let windowByteCount = 256 << 10

    private let reader: any ObjectReader
    private let decoder = BlockDecoder()
    /// Known from the header or the trailer; else the first sound block header tells it.
    private var archiveTag: UInt64?
    private var blocks = SalvagedBlocks()

    init(_ reader: any ObjectReader, archiveTag: UInt64?) {
        self.reader = reader
        self.archiveTag = archiveTag
    }

    /// Scans from `start` to the end of the file.
    mutating func run(from start: UInt64) async throws -> SalvagedBlocks {
        var offset = start
        while offset + UInt64(BlockHeader.Layout.byteCount) <= reader.byteCount {
            if let byteCount = try await takeBlock(at: offset) {
                offset += UInt64(byteCount)
            } else if let next = try await nextMagic(after: offset) {
                offset = next
            } else {
                break
            }
        }
        return blocks
    }

    /// Takes what stands at `offset`; gives the bytes to pass over, or nil if there is no sound header.
    private mutating func takeBlock(at offset: UInt64) async throws -> Int? {
        let head = try await reader.read(offset: offset, byteCount: BlockHeader.Layout.byteCount)
        guard let header = try? BlockHeader.decode(head, at: offset) else { return nil }
        guard header.archiveTag == archiveTag ?? header.archiveTag else {
            blocks.add(problem: "\(header.location(at: offset)) belongs to another archive")
            return BlockHeader.Layout.byteCount
        }
        archiveTag = header.archiveTag
        let stored = try await reader.read(
            offset: offset + UInt64(BlockHeader.Layout.byteCount),
            byteCount: header.storedByteCount
        )
        do throws(ArchiveError) {
            let block = try decoder.decode(header, stored: stored, at: offset)
            guard header.kind == .records else {
                blocks.add(block)
                return header.blockByteCount
            }
            let facts = try BlockFacts(reading: block, filter: nil)
            let entry = IndexEntry(offset: offset, header: header, databases: facts.databases)
            blocks.add(SalvagedBlocks.RecordBlock(entry: entry, facts: facts))
            return header.blockByteCount
        } catch {
            guard header.kind == .records else {
                blocks.add(problem: "\(error)")
                return BlockHeader.Layout.byteCount
            }
            let entry = IndexEntry(offset: offset, header: header, databases: nil)
            blocks.add(SalvagedBlocks.RecordBlock(entry: entry, facts: nil, damage: "\(error)"))
            return BlockHeader.Layout.byteCount
        }
    }

    /// The next offset behind `offset` where the magic of a block stands.
    private func nextMagic(after offset: UInt64) async throws -> UInt64? {
        var start = offset + 1
        while start + UInt64(BlockHeader.magic.count) <= reader.byteCount {
            let window = try await reader.read(offset: start, byteCount: Self.windowByteCount)
            if let found = window.firstOffset(of: BlockHeader.magic) { return start + UInt64(found) }
            guard window.readableBytes >= Self.windowByteCount else { return nil }
            // The magic may lie across two windows.
            start += UInt64(window.readableBytes - BlockHeader.magic.count + 1)
        }
        return nil
    }
}

extension ByteBuffer {
    /// Where `pattern` first stands in the readable bytes.
    fileprivate func firstOffset(of pattern: [UInt8]) -> Int? {
        withUnsafeReadableBytes { bytes in
            guard let first = pattern.first, bytes.count >= pattern.count else { return nil }
            return (0...bytes.count - pattern.count).first { start in
                bytes[start] == first && bytes[start..<start + pattern.count].elementsEqual(pattern)
            }
        }
    }
}
