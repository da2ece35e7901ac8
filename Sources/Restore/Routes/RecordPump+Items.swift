import ArchiveFormat
import Memcached
import NIOCore
import RESP

/// Items of Memcached on their way to Redis or Valkey, where they are strings.
extension RecordPump {
    /// Notes what of an item that is sent stays out, and its client flags for the batch, where they are asked for.
    func noteItem(
        _ layout: RecordLayout,
        _ bytes: ByteBuffer,
        key: UnsafeRawBufferPointer,
        into batch: inout CommandBatch,
        _ tally: inout RestoreTally
    ) {
        guard case .item = routes[layout.type], let item = ItemString(layout.body(in: bytes))?.item else { return }
        noteOmissions(of: item, &tally)
        guard let flagsHash, keepsZeroFlags || item.clientFlags > 0 else { return }
        batch.flags.add(item.clientFlags, of: key, record: batch.sent.count, to: flagsHash)
    }

    /// Whether the key is that of the hash for client flags: the target can hold only one of both.
    func isFlagsHash(_ key: UnsafeRawBufferPointer) -> Bool {
        guard let flagsHash else { return false }
        return flagsHash.withUnsafeReadableBytes { $0.elementsEqual(key) }
    }

    func noteOmissions(of item: MemcachedItem, _ tally: inout RestoreTally) {
        if item.cas != nil { tally.accounting.noteOmission(ItemContent.Omission.cas) }
        if item.isFetched { tally.accounting.noteOmission(ItemContent.Omission.fetched) }
        if item.isStale { tally.accounting.noteOmission(ItemContent.Omission.stale) }
        if item.clientFlags > 0, flagsHash == nil { tally.accounting.noteOmission(ItemContent.Omission.clientFlags) }
    }
}
