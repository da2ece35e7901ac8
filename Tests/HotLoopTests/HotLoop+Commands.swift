import NIOCore
import RDB
import RESP
import Restore
import SnapshotModel

extension HotLoop {
    /// SET and RESTORE.
    static func writeCommands(_ itemCount: Int) -> Run {
        let records = SampleRecord.some(itemCount)
        let encoder = RecordEncoder(
            CommandDialect(replacesKeys: true, knowsSetDeadline: true, accessUse: .none, rdbVersion: 10)
        )
        return {
            var output = ByteBuffer()
            output.reserveCapacity(1 << 20)
            for record in records {
                if output.readableBytes > 1 << 19 { output.clear() }
                record.withBytes { key, body in
                    encoder.write(
                        key: key,
                        type: record.head.type,
                        body: body,
                        deadline: record.deadline,
                        access: record.head.access,
                        into: &output
                    )
                }
            }
        }
    }

    /// What a replication of the target is sent.
    static func writeStream(_ itemCount: Int) -> Run {
        let records = SampleRecord.some(itemCount)
        return {
            var writer = RDBStreamWriter(RDBConversion(from: SampleRecord.format, to: SampleRecord.format))
            for record in records {
                try record.withBytes { key, body in
                    let access = record.head.access
                    try writer.writeKey(
                        key,
                        type: record.head.type,
                        body: body,
                        deadline: record.deadline,
                        access: access
                    )
                }
                if writer.pending.readableBytes > 256 << 10 { _ = writer.take() }
            }
        }
    }

    /// The answers to a pipeline of commands.
    static func countReplies(_ itemCount: Int) -> Run {
        let pieces = ByteBuffer(string: String(repeating: "+OK\r\n", count: itemCount)).pieces()
        return {
            var counter = ReplyCounter()
            var others: [NumberedReply] = []
            var input = ByteBuffer()
            input.reserveCapacity(1 << 18)
            for piece in pieces {
                input.writeImmutableBuffer(piece)
                try counter.consume(&input, others: &others)
                input.discardReadBytes()
            }
            try expect(Int(counter.count) - others.count, of: itemCount, "the counter")
        }
    }

    /// Replies of the kinds that comparisons and drills read: numbers, strings, errors and nothing.
    static func parseReplies(_ itemCount: Int) -> Run {
        let replies = [":1234567\r\n", "$5\r\nvalue\r\n", "$-1\r\n", "-ERR no\r\n", "+OK\r\n"]
        let text = (0..<itemCount).map { replies[$0 % replies.count] }.joined()
        let buffer = ByteBuffer(string: text)
        return {
            var tokenizer = RESPTokenizer()
            var input = buffer
            var count = 0
            while try tokenizer.next(&input) != nil { count += 1 }
            try expect(count, of: itemCount, "the tokenizer")
        }
    }
}
