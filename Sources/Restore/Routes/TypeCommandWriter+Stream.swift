import NIOCore
import RDB
import RESP

extension TypeCommandWriter {
    /// What of a stream its commands cannot say: nobody is told when consumers were last seen, and an entry that is
    /// pending but deleted cannot be claimed.
    ///
    /// Order: the stream itself (one without entries is made by a group that goes again), the counters, which bound what
    /// a group may have read, then each group, its consumers, and what they were given.
    mutating func writeEnd(of stream: StreamValue, isEmpty: Bool) {
        if isEmpty {
            let name = ByteBuffer(string: "rewarm")
            write(group: "CREATE", name, [ByteBuffer(string: "0-0"), ByteBuffer(string: "MKSTREAM")])
            write(group: "DESTROY", name)
        }
        writeIdentifiers(of: stream)
        for group in stream.groups { write(group) }
    }

    private mutating func writeIdentifiers(of stream: StreamValue) {
        let zero = StreamValue.ID(milliseconds: 0, sequence: 0)
        guard stream.lastID > zero else { return }
        var arguments = [text(stream.lastID)]
        if dialect.knowsStreamCounters {
            if let added = stream.entriesAdded { arguments += [ByteBuffer(string: "ENTRIESADDED"), text(added)] }
            if let deleted = stream.maximalDeletedID, deleted > zero {
                arguments += [ByteBuffer(string: "MAXDELETEDID"), text(deleted)]
            }
        }
        write(command: "XSETID", arguments)
    }

    private mutating func write(_ group: StreamValue.Group) {
        var options: [ByteBuffer] = []
        if dialect.knowsStreamCounters, let read = group.entriesRead {
            options = [ByteBuffer(string: "ENTRIESREAD"), text(read)]
        }
        write(group: "CREATE", group.name, [text(group.lastDelivered)] + options)
        let pending = Dictionary(group.pending.map { ($0.id, $0) }) { first, _ in first }
        for consumer in group.consumers {
            if dialect.knowsConsumerCreation {
                write(group: "CREATECONSUMER", group.name, [consumer.name])
            } else {
                writeReading(of: consumer.name, in: group.name)
            }
            var run: [StreamValue.PendingEntry] = []
            for entry in consumer.pending.compactMap({ pending[$0] }) {
                if let first = run.first, !first.isDeliveredLike(entry) || run.count == Self.commandArgumentLimit {
                    writeClaim(run, consumer.name, group.name)
                    run = []
                }
                run.append(entry)
            }
            if !run.isEmpty { writeClaim(run, consumer.name, group.name) }
        }
    }

    /// `XCLAIM key group consumer 0 id… TIME ms RETRYCOUNT n FORCE JUSTID`: entries delivered together, as it was.
    private mutating func writeClaim(_ entries: [StreamValue.PendingEntry], _ consumer: ByteBuffer, _ group: ByteBuffer)
    {
        guard let first = entries.first else { return }
        write(
            command: "XCLAIM",
            [group, consumer, ByteBuffer(string: "0")] + entries.map { text($0.id) } + [
                ByteBuffer(string: "TIME"), text(first.deliveredAtMilliseconds),
                ByteBuffer(string: "RETRYCOUNT"), text(first.deliveryCount),
                ByteBuffer(string: "FORCE"), ByteBuffer(string: "JUSTID"),
            ]
        )
    }

    private mutating func write(group command: StaticString, _ name: ByteBuffer, _ rest: [ByteBuffer] = []) {
        output.writeCommandHeader(argumentCount: 4 + rest.count)
        output.writeBulk("XGROUP" as StaticString)
        output.writeBulk(command)
        output.writeBulk(key)
        output.writeBulk(name)
        for argument in rest { output.writeBulk(argument) }
        commandCount += 1
    }

    /// Reading what a consumer has not acknowledged, which is nothing yet, makes the consumer.
    private mutating func writeReading(of consumer: ByteBuffer, in group: ByteBuffer) {
        output.writeCommandHeader(argumentCount: 9)
        output.writeBulk("XREADGROUP" as StaticString)
        output.writeBulk("GROUP" as StaticString)
        output.writeBulk(group)
        output.writeBulk(consumer)
        output.writeBulk("COUNT" as StaticString)
        output.writeBulkInteger(1)
        output.writeBulk("STREAMS" as StaticString)
        output.writeBulk(key)
        output.writeBulkInteger(0)
        commandCount += 1
    }

    private func text(_ value: some CustomStringConvertible) -> ByteBuffer { ByteBuffer(string: value.description) }
}

extension StreamValue.PendingEntry {
    /// Whether one XCLAIM can say both.
    fileprivate func isDeliveredLike(_ other: Self) -> Bool {
        (deliveredAtMilliseconds, deliveryCount) == (other.deliveredAtMilliseconds, other.deliveryCount)
    }
}
