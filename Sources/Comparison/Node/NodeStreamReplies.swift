import NIOCore
import RDB
import RESP
import SnapshotModel

/// Replies of XRANGE, XINFO and XPENDING; pure.
enum NodeStreamReplies {
    /// Entries of XRANGE, or of XINFO STREAM FULL.
    static func entries(_ reply: RESPValue) -> [StreamValue.Entry]? {
        guard let elements = reply.elements else { return nil }
        var entries: [StreamValue.Entry] = []
        entries.reserveCapacity(elements.count)
        for element in elements {
            guard let parts = element.elements, parts.count == 2, let id = id(parts[0]), let words = parts[1].elements,
                words.count.isMultiple(of: 2)
            else { return nil }
            var fields: [(name: ByteBuffer, value: ByteBuffer)] = []
            for index in stride(from: 0, to: words.count, by: 2) {
                guard let name = words[index].bytes, let value = words[index + 1].bytes else { return nil }
                fields.append((name, value))
            }
            entries.append(StreamValue.Entry(id: id, fields: fields))
        }
        return entries
    }

    /// Of XINFO STREAM, with or without FULL: everything but entries and groups.
    static func head(_ reply: RESPValue) -> StreamValue? {
        guard let table = table(reply), let lastID = table["last-generated-id"].flatMap(id) else { return nil }
        return StreamValue(
            entries: [],
            length: table["length"]?.integer.flatMap { UInt64(exactly: $0) } ?? 0,
            lastID: lastID,
            firstID: table["recorded-first-entry-id"].flatMap(id),
            maximalDeletedID: table["max-deleted-entry-id"].flatMap(id),
            entriesAdded: table["entries-added"]?.integer.flatMap { UInt64(exactly: $0) },
            groups: []
        )
    }

    /// Of XINFO STREAM FULL.
    static func entriesInFull(_ reply: RESPValue) -> [StreamValue.Entry]? {
        table(reply)?["entries"].flatMap(entries)
    }

    /// Of XINFO STREAM FULL.
    static func groupsInFull(_ reply: RESPValue) -> [StreamValue.Group]? {
        guard let groups = table(reply)?["groups"]?.elements else { return nil }
        var result: [StreamValue.Group] = []
        for group in groups {
            guard let table = table(group), var found = groupHead(table),
                let pending = (table["pel"] ?? table["pending"])?.elements,
                let consumers = table["consumers"]?.elements
            else { return nil }
            for entry in pending {
                guard let parts = entry.elements, parts.count == 4, let id = id(parts[0]), let time = parts[2].integer,
                    let count = parts[3].integer.flatMap({ UInt64(exactly: $0) })
                else { return nil }
                found.pending.append(.init(id: id, deliveredAtMilliseconds: time, deliveryCount: count))
            }
            for consumer in consumers {
                guard let table = self.table(consumer), let name = table["name"]?.bytes,
                    let owned = (table["pel"] ?? table["pending"])?.elements
                else { return nil }
                let ids = owned.compactMap { $0.elements?.first.flatMap(id) }
                found.consumers.append(
                    .init(name: name, seenAtMilliseconds: 0, activeAtMilliseconds: nil, pending: ids)
                )
            }
            result.append(found)
        }
        return result
    }

    /// Of XINFO GROUPS: groups without consumers and pending entries, and how many are pending in each.
    static func groups(_ reply: RESPValue) -> [(group: StreamValue.Group, pendingCount: Int64)]? {
        guard let elements = reply.elements else { return nil }
        var groups: [(group: StreamValue.Group, pendingCount: Int64)] = []
        for element in elements {
            guard let table = table(element), let group = groupHead(table) else { return nil }
            groups.append((group, table["pending"]?.integer ?? 0))
        }
        return groups
    }

    /// Names of XINFO CONSUMERS.
    static func consumers(_ reply: RESPValue) -> [ByteBuffer]? {
        reply.elements?.compactMap { table($0)?["name"]?.bytes }
    }

    /// Id, consumer and number of deliveries of XPENDING with a range.
    static func pending(_ reply: RESPValue) -> [(entry: StreamValue.PendingEntry, consumer: ByteBuffer)]? {
        guard let elements = reply.elements else { return nil }
        var result: [(entry: StreamValue.PendingEntry, consumer: ByteBuffer)] = []
        for element in elements {
            guard let parts = element.elements, parts.count == 4, let id = id(parts[0]), let consumer = parts[1].bytes,
                let count = parts[3].integer.flatMap({ UInt64(exactly: $0) })
            else { return nil }
            result.append((.init(id: id, deliveredAtMilliseconds: 0, deliveryCount: count), consumer))
        }
        return result
    }

    /// `1526919030474-55`.
    static func id(_ value: RESPValue) -> StreamValue.ID? {
        let parts = value.text?.split(separator: "-") ?? []
        guard parts.count == 2, let milliseconds = UInt64(parts[0]), let sequence = UInt64(parts[1]) else { return nil }
        return StreamValue.ID(milliseconds: milliseconds, sequence: sequence)
    }

    private static func groupHead(_ table: [String: RESPValue]) -> StreamValue.Group? {
        guard let name = table["name"]?.bytes, let last = table["last-delivered-id"].flatMap(id) else { return nil }
        return StreamValue.Group(
            name: name,
            lastDelivered: last,
            entriesRead: table["entries-read"]?.integer.flatMap { UInt64(exactly: $0) },
            pending: [],
            consumers: []
        )
    }

    /// Names and values in turn.
    private static func table(_ reply: RESPValue) -> [String: RESPValue]? {
        guard let elements = reply.elements, elements.count.isMultiple(of: 2) else { return nil }
        var table: [String: RESPValue] = [:]
        for index in stride(from: 0, to: elements.count, by: 2) {
            guard let name = elements[index].text else { return nil }
            table[name] = elements[index + 1]
        }
        return table
    }
}
