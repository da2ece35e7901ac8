import ArchiveFormat
import NIOCore
import SnapshotModel
import Transport

/// Records as items of Memcached.
final class ItemWriter: RecordWriter {
    private let itemPump: ItemPump
    private let isSalvage: Bool

    init(_ pump: ItemPump, isSalvage: Bool) {
        itemPump = pump
        self.isSalvage = isSalvage
    }

    var filter: RecordFilter { itemPump.filter }
    /// An item is there as a whole or not at all.
    let standing = StandingKeys()
    let piecewiseKeyCount: UInt64 = 0

    func pump(
        _ block: inout BlockProgress,
        into batch: inout CommandBatch,
        _ tally: inout RestoreTally,
        now: UnixMilliseconds
    ) throws(ArchiveError) -> PumpStop {
        try itemPump.pump(&block, into: &batch, &tally, now: now)
    }

    func load(library body: ByteBuffer, _ tally: inout RestoreTally) async throws(TransportError) {
        tally.libraries.add(to: .unsupported, because: .unknownType("function"))
    }

    /// Streams a value over several blocks into one `ms`.
    ///
    /// The server links an item when its last byte is there: if the value cannot be read to its end, the connection is
    /// closed within it, and the server forgets it.
    func send(
        _ value: LoneValue,
        over lane: any WritingLane,
        _ tally: inout RestoreTally,
        now: UnixMilliseconds
    ) async throws -> LoneValue.Outcome {
        let total = Int(clamping: value.source.byteCount)
        let form: ItemPump.Form
        switch itemPump.form(
            of: value.layout,
            in: value.block,
            isPresent: value.isPresent,
            totalByteCount: total,
            typeName: tally.typeName(value.layout.type),
            now: now
        ) {
        case .success(let found): form = found
        case .failure(let obstacle):
            tally.accounting.add(to: obstacle.recordClass, because: obstacle.reason)
            return .counted
        }
        if isSalvage, let damage = await value.source.damage() {
            tally.accounting.add(to: .lostBlock)
            return .lost(damage)
        }
        itemPump.note(form, &tally)
        let record = CommandBatch.Sent(
            deadline: form.exptime.seconds * 1000,
            rank: value.rank,
            type: value.layout.type,
            weight: itemPump.weight.weight(of: value.layout.access)
        )
        if !itemPump.marks(form), tally.sample.wants(value.rank, keyByteCount: value.key.readableBytes) {
            tally.sample.insert(itemPump.entry(record, value.key, fingerprint: nil))
        }
        return .sent(try await stream(value, form, record, over: lane, &tally))
    }

    private func stream(
        _ value: LoneValue,
        _ form: ItemPump.Form,
        _ record: CommandBatch.Sent,
        over lane: any WritingLane,
        _ tally: inout RestoreTally
    ) async throws -> UInt64 {
        let firstBody = value.layout.body(in: value.block)
        let headByteCount = firstBody.readableBytes - form.content.value.readableBytes
        let valueByteCount = Int(clamping: value.source.byteCount) - headByteCount
        var sentByteCount: UInt64 = 0
        var line = ByteBuffer()
        itemPump.writeLine(form, value.key, valueByteCount: valueByteCount, 0, into: &line)
        do {
            try await lane.drain(&tally)
            sentByteCount += UInt64(line.readableBytes)
            try await lane.writePart(line, ending: nil, &tally)
            var source = value.source
            var toSkip = headByteCount
            while var chunk = try await source.next() {
                let skipped = min(toSkip, chunk.readableBytes)
                chunk.moveReaderIndex(forwardBy: skipped)
                toSkip -= skipped
                sentByteCount += UInt64(chunk.readableBytes)
                try await lane.writePart(chunk, ending: nil, &tally)
            }
        } catch {
            await lane.abandon(record, because: error, &tally)
            throw error
        }
        let end = ByteBuffer(string: "\r\n")
        if itemPump.marks(form), let lane = lane as? ItemLane {
            lane.nextMark = ItemMark(record: 0, key: value.key, form: form.keyForm)
        }
        sentByteCount += UInt64(end.readableBytes)
        try await lane.writePart(end, ending: record, &tally)
        return sentByteCount
    }

    func close() async {}
}
