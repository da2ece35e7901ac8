import NIOCore
import RDB
import RESP
import SnapshotModel

@testable import Capture

extension HotLoop {
    private static let dialect = ScanDialect(hasAbsoluteExpiry: true, access: .idleTime, scanCount: 1000)
    private static let batchKeyCount = 64

    /// Pages of SCAN and transactions of OBJECT, PEXPIRETIME and DUMP: asked for and read.
    static func readScanReplies(_ itemCount: Int) throws -> Run {
        let pageCount = itemCount / Int(dialect.scanCount)
        let pages = (0..<pageCount).map { page in
            let records = (0..<Int(dialect.scanCount)).map { SampleRecord(page * Int(dialect.scanCount) + $0) }
            return (scan: scanReply(records), transactions: transactionReplies(records))
        }
        return { try readScan(pages, keyCount: pageCount * Int(dialect.scanCount)) }
    }

    private static func readScan(_ pages: [(scan: ByteBuffer, transactions: ByteBuffer)], keyCount: Int) throws {
        var reader = ScanReplyReader(dialect: dialect, address: "test")
        var commands = ByteBuffer()
        var input = ByteBuffer()
        var count = 0
        for page in pages {
            commands.clear()
            dialect.writeScan(cursor: 1, to: &commands)
            reader.expect(.scan)
            input.writeImmutableBuffer(page.scan)
            guard case .scanned(_, let keys) = try reader.next(&input) else { break }
            for start in stride(from: 0, to: keys.count, by: batchKeyCount) {
                let batch = ScanBatch(keys: keys, range: start..<min(start + batchKeyCount, keys.count))
                dialect.write(batch, to: &commands)
                reader.expect(.transaction(batch))
            }
            input.clear()
            input.writeImmutableBuffer(page.transactions)
            while let event = try reader.next(&input) {
                if case .value = event { count += 1 }
            }
            input.clear()
        }
        try expect(count, of: keyCount, "the scan")
    }

    private static func scanReply(_ records: [SampleRecord]) -> ByteBuffer {
        var reply = ByteBuffer(string: "*2\r\n$1\r\n1\r\n*\(records.count)\r\n")
        for record in records { reply.writeBulk(record.head.key) }
        return reply
    }

    private static func transactionReplies(_ records: [SampleRecord]) -> ByteBuffer {
        var replies = ByteBuffer()
        for start in stride(from: 0, to: records.count, by: batchKeyCount) {
            let batch = records[start..<min(start + batchKeyCount, records.count)]
            replies.writeString("+OK\r\n")
            for _ in 0..<3 * batch.count { replies.writeString("+QUEUED\r\n") }
            replies.writeString("*\(3 * batch.count)\r\n")
            for record in batch {
                replies.writeString(":7\r\n:\(record.deadline ?? -1)\r\n")
                var payload = ByteBuffer()
                DumpPayload.write(type: record.head.type, body: record.body, rdbVersion: 10, into: &payload)
                replies.writeBulk(payload)
            }
        }
        return replies
    }
}
