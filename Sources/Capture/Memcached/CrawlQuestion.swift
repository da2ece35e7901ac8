import ByteCoding
import Memcached
import NIOCore

/// The command that reads an item, and whether an answer belongs to it.
enum CrawlQuestion {
    /// `u`: no bump in the LRU, no mark as fetched; `l` and `h` tell the state from before the command all the same.
    ///
    /// `k` gives the key back, and with it whether it was stored in Base64. A key that words and lines end in is not asked
    /// for: the server would write what was not stored in Base64 into the reply as it is.
    private static let wordFlags = OrdinaryReply.flags
    private static let otherFlags: StaticString = "v f t c l h u"

    /// One command for each of the packed entries.
    static func commands(for entries: ByteBuffer) -> ByteBuffer {
        var rest = entries
        var commands = ByteBufferAllocator().buffer(capacity: entries.readableBytes)
        var ordinal = writeWords(&rest, to: &commands)
        while let entry = CrawlEntry(reading: &rest) {
            write(entry, ordinal: ordinal, to: &commands)
            ordinal += 1 + writeWords(&rest, to: &commands)
        }
        return commands
    }

    /// Writes the commands of the entries that come next, as long as their keys are words of text; returns their number.
    private static func writeWords(_ entries: inout ByteBuffer, to commands: inout ByteBuffer) -> Int {
        // Such a command is no longer than its entry: what is around the key takes less than the fields in front of it.
        assert(PackedEntry.keyOffset >= 6 + wordFlags.utf8CodeUnitCount)
        var count = 0
        var taken = 0
        commands.writeWithUnsafeMutableBytes(minimumWritableBytes: entries.readableBytes) { target in
            guard let base = target.baseAddress else { return 0 }
            var writer = RoomyWriter(base)
            entries.withUnsafeReadableBytes { bytes in
                while let entry = PackedEntry(UnsafeRawBufferPointer(rebasing: bytes[taken...])),
                    KeyForm.isWord(entry.key)
                {
                    writer.writeText("mg ")
                    writer.writeBytes(entry.key)
                    writer.writeText(" ")
                    writer.writeText(wordFlags)
                    writer.writeText("\r\n")
                    taken += entry.byteCount
                    count += 1
                }
            }
            return writer.byteCount
        }
        entries.moveReaderIndex(forwardBy: taken)
        return count
    }

    private static func write(_ entry: CrawlEntry, ordinal: Int, to commands: inout ByteBuffer) {
        switch KeyForm.needed(by: entry.key) {
        case .text: commands.writeMetaGet(entry.key, .text, flags: wordFlags)
        case .base64:
            // What has no form at all gets the server's refusal, which counts it.
            let form = KeyForm.naming(entry.key) ?? .base64
            let flags = KeyForm.isSeparated(entry.key) ? otherFlags : wordFlags
            commands.writeMetaGet(entry.key, form, flags: flags, opaque: ordinal)
        }
    }

    /// Whether a reply with these flags answers the entry of that number.
    static func isAnswered(_ entry: CrawlEntry, ordinal: Int, by flags: MetaFlags) -> Bool {
        guard let key = flags.key else { return flags.opaque == UInt64(ordinal) }
        return flags.marks.contains(.base64Key) ? Base64Key.decode(key) == entry.key : key == entry.key
    }
}
