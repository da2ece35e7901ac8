import NIOCore

/// Decodes the five stream encodings (redis:src/rdb.c `rdbSaveObject`, redis:src/t_stream.c for the listpacks).
enum StreamDecoder {
    /// What each RDB type adds to the one before.
    enum Variant: Int, Sendable {
        /// Type 15.
        case first
        /// Type 19: first id, largest deleted id, entries added; a group's entries read.
        case withEntryCounts
        /// Type 21: a consumer's active time.
        case withActiveTimes
        /// Type 26: what idempotent producers sent. It is passed over: nobody is shown it.
        case withProducers
        /// Type 27: pending entries of a group that no consumer owns. They stand among the group's pending, too.
        case withUnownedEntries
    }

    static func decode(_ reader: inout RDBBodyReader, variant: Variant) throws(RDBError) -> StreamValue {
        var entries: [StreamValue.Entry] = []
        for _ in 0..<(try reader.count()) {
            let nodeKey = try reader.string()
            var node = try StreamNode(key: nodeKey, listpack: reader.string())
            while let entry = try node.next() { entries.append(entry) }
        }
        var stream = try end(&reader, variant: variant)
        stream.entries = entries
        return stream
    }

    /// What follows the nodes; `entries` is empty.
    static func end(_ reader: inout RDBBodyReader, variant: Variant) throws(RDBError) -> StreamValue {
        let hasCounts = variant != .first
        let length = try reader.length()
        let lastID = try identifier(&reader)
        let firstID = hasCounts ? try identifier(&reader) : nil
        let maximalDeletedID = hasCounts ? try identifier(&reader) : nil
        let entriesAdded = hasCounts ? try reader.length() : nil
        var groups: [StreamValue.Group] = []
        for _ in 0..<(try reader.count()) { groups.append(try group(&reader, variant: variant)) }
        if variant.rawValue >= Variant.withProducers.rawValue { try passProducers(&reader) }
        return StreamValue(
            entries: [],
            length: length,
            lastID: lastID,
            firstID: firstID,
            maximalDeletedID: maximalDeletedID,
            entriesAdded: entriesAdded,
            groups: groups
        )
    }

    /// Duration, limit, then per producer its name and its messages' names and ids, then two counters (redis 8.6
    /// src/rdb.c, `rdbSaveStreamIdmpEntries`).
    private static func passProducers(_ reader: inout RDBBodyReader) throws(RDBError) {
        _ = (try reader.length(), try reader.length())
        for _ in 0..<(try reader.count()) {
            _ = try reader.string()
            for _ in 0..<(try reader.count()) { _ = (try reader.string(), try identifier(&reader)) }
        }
        _ = (try reader.length(), try reader.length())
    }

    private static func group(
        _ reader: inout RDBBodyReader,
        variant: Variant
    ) throws(RDBError) -> StreamValue.Group {
        let name = try reader.string()
        let lastDelivered = try identifier(&reader)
        let entriesRead = variant == .first ? nil : try reader.length()
        var pending: [StreamValue.PendingEntry] = []
        for _ in 0..<(try reader.count()) {
            let id = try binaryIdentifier(&reader)
            let deliveredAt = try reader.integer(Int64.self)
            let deliveryCount = try reader.length()
            pending.append(
                StreamValue.PendingEntry(id: id, deliveredAtMilliseconds: deliveredAt, deliveryCount: deliveryCount)
            )
        }
        var consumers: [StreamValue.Consumer] = []
        for _ in 0..<(try reader.count()) { consumers.append(try consumer(&reader, variant: variant)) }
        if variant == .withUnownedEntries {
            for _ in 0..<(try reader.count()) { _ = try binaryIdentifier(&reader) }
        }
        return StreamValue.Group(
            name: name,
            lastDelivered: lastDelivered,
            entriesRead: entriesRead == .max ? nil : entriesRead,
            pending: pending,
            consumers: consumers
        )
    }

    private static func consumer(
        _ reader: inout RDBBodyReader,
        variant: Variant
    ) throws(RDBError) -> StreamValue.Consumer {
        let name = try reader.string()
        let seenAt = try reader.integer(Int64.self)
        let activeAt = variant.rawValue >= Variant.withActiveTimes.rawValue ? try reader.integer(Int64.self) : nil
        var pending: [StreamValue.ID] = []
        for _ in 0..<(try reader.count()) { pending.append(try binaryIdentifier(&reader)) }
        return StreamValue.Consumer(
            name: name,
            seenAtMilliseconds: seenAt,
            activeAtMilliseconds: activeAt,
            pending: pending
        )
    }

    /// An id as two lengths.
    private static func identifier(_ reader: inout RDBBodyReader) throws(RDBError) -> StreamValue.ID {
        StreamValue.ID(milliseconds: try reader.length(), sequence: try reader.length())
    }

    /// An id as 16 bytes, both halves big-endian, so that it sorts as bytes.
    static func binaryIdentifier(_ reader: inout RDBBodyReader) throws(RDBError) -> StreamValue.ID {
        StreamValue.ID(
            milliseconds: try reader.integer(UInt64.self, .big),
            sequence: try reader.integer(UInt64.self, .big)
        )
    }
}
