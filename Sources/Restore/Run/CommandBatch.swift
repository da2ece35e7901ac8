import NIOCore

/// Commands on their way: the bytes go to the connection, the rest stays until the answers are in.
struct CommandBatch: Sendable {
    /// What is to be known of a record when its answer comes.
    struct Sent: Sendable {
        /// Unix milliseconds; 0 for none.
        var deadline: Int64
        /// When the last field of a hash is gone, and the key with it; 0 for never.
        var fieldEnd: Int64 = 0
        /// The record's rank in the sample.
        var rank: UInt64
        var type: UInt8
        /// The record's share of the source's recent accesses.
        var weight: UInt32 = 0
    }

    /// The target's database: all commands of a batch are for one.
    var database: UInt32
    var bytes: ByteBuffer
    var sent: [Sent] = []
    /// The window that its records belong to.
    var window = 0

    /// Client flags of items that are to be kept beside them, once they are stored.
    var flags = ItemFlags()
    /// Items of Memcached that are to be invalidated once they are stored.
    var marks: [ItemMark] = []
    /// Of a batch without records: the fields of its one command, which keeps client flags.
    var keptFlagCount = 0

    var isEmpty: Bool { sent.isEmpty }
    /// Commands, each of which is answered.
    var commandCount: Int { sent.count + (keptFlagCount > 0 ? 1 : 0) }
}
