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
        guard keepsItemFlags, item.clientFlags > 0 else { return }
        batch.flagFields.writeBulk(ByteBuffer(bytes: key))
        batch.flagFields.writeBulk(String(item.clientFlags))
        batch.flagFieldCount += 1
    }

    func noteOmissions(of item: MemcachedItem, _ tally: inout RestoreTally) {
        if item.cas != nil { tally.accounting.noteOmission(ItemContent.Omission.cas) }
        if item.isFetched { tally.accounting.noteOmission(ItemContent.Omission.fetched) }
        if item.isStale { tally.accounting.noteOmission(ItemContent.Omission.stale) }
        if item.clientFlags > 0, !keepsItemFlags { tally.accounting.noteOmission(ItemContent.Omission.clientFlags) }
    }
}
