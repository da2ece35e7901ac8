import NIOCore
import RESP

/// How keys are read from this source: which commands it knows and which access data is worth asking for.
struct ScanDialect: Hashable, Sendable {
    enum Access: Hashable, Sendable {
        case none
        case idleTime
        case frequency
    }

    /// PEXPIRETIME is known (7.0 and newer); else PTTL with the server's TIME right before it.
    ///
    /// The deadline then is at most a millisecond early and never late.
    var hasAbsoluteExpiry: Bool
    /// What the source's maxmemory policy keeps of a key's last use.
    ///
    /// It is read first: DUMP changes it.
    var access: Access
    /// SCAN's COUNT.
    var scanCount: Int64

    /// Replies per key inside a transaction.
    var repliesPerKey: Int { (access == .none ? 0 : 1) + (hasAbsoluteExpiry ? 1 : 2) + 1 }

    /// Appends the whole transaction that reads the keys of `batch`.
    ///
    /// MULTI keeps value and deadline together: nothing runs between the two. The deadline comes first, because a
    /// record's head is written before its body.
    func write(_ batch: ScanBatch, to buffer: inout ByteBuffer) {
        buffer.writeStaticString("*1\r\n$5\r\nMULTI\r\n")
        for index in batch.range {
            let key = batch.keys.key(index)
            switch access {
            case .none: break
            case .idleTime: Self.write("*3\r\n$6\r\nOBJECT\r\n$8\r\nIDLETIME\r\n", key, to: &buffer)
            case .frequency: Self.write("*3\r\n$6\r\nOBJECT\r\n$4\r\nFREQ\r\n", key, to: &buffer)
            }
            if hasAbsoluteExpiry {
                Self.write("*2\r\n$11\r\nPEXPIRETIME\r\n", key, to: &buffer)
            } else {
                buffer.writeStaticString("*1\r\n$4\r\nTIME\r\n")
                Self.write("*2\r\n$4\r\nPTTL\r\n", key, to: &buffer)
            }
            Self.write("*2\r\n$4\r\nDUMP\r\n", key, to: &buffer)
        }
        buffer.writeStaticString("*1\r\n$4\r\nEXEC\r\n")
    }

    /// Appends the next SCAN.
    func writeScan(cursor: UInt64, to buffer: inout ByteBuffer) {
        buffer.writeCommandHeader(argumentCount: 4)
        buffer.writeBulk("SCAN" as StaticString)
        buffer.writeBulk(String(cursor))
        buffer.writeBulk("COUNT" as StaticString)
        buffer.writeBulkInteger(scanCount)
    }

    private static func write(_ command: StaticString, _ key: ByteBuffer, to buffer: inout ByteBuffer) {
        buffer.writeStaticString(command)
        buffer.writeBulk(key)
    }
}
