import NIOCore
import RDB
import RESP
import SnapshotModel
import Transport

extension NodeValueReader {
    /// Entries of a stream in windows; then what XINFO tells beside them.
    ///
    /// Memory follows the number of pending entries of the group with the most.
    func stream(_ reading: Reading) async throws -> ValueFingerprinter {
        var value = ValueFingerprinter(.stream, scope: scope)
        let key = RESPArgument.bytes(reading.entry.key)
        var start = "-"
        while true {
            let reply = try await connection.command(
                "XRANGE",
                key,
                .text(start),
                "+",
                "COUNT",
                .number(reading.windowCount)
            )
            guard let entries = reply.elements else { throw unexpected("XRANGE") }
            var last: StreamValue.ID?
            for entry in entries {
                guard let parts = entry.elements, parts.count == 2, let id = Self.identifier(parts[0]) else {
                    throw unexpected("XRANGE")
                }
                value.append(entry: id, fields: Self.pairs(parts[1]).map { (name: $0.0, value: $0.1) })
                last = id
            }
            guard let last, entries.count >= reading.windowCount, let next = last.following else { break }
            start = next.description
        }
        let groups = knowsFullStreams ? try await fullGroups(key, &value) : try await plainGroups(key, &value)
        for group in groups.sorted(by: {
            $0.name.readableBytesView.lexicographicallyPrecedes($1.name.readableBytesView)
        }) {
            value.append(group: group.fingerprinter)
        }
        return value
    }

    private struct Group {
        var name: ByteBuffer
        var fingerprinter: StreamGroupFingerprinter
    }

    // MARK: XINFO STREAM FULL

    private func fullGroups(_ key: RESPArgument, _ value: inout ValueFingerprinter) async throws -> [Group] {
        // COUNT bounds entries and pending entries alike; the first answer tells how many there are.
        var facts = try await facts(["XINFO", "STREAM", key, "FULL", "COUNT", 1])
        let pendingCount = (facts["groups"]?.elements ?? []).map { Self.map($0)["pel-count"]?.integer ?? 0 }.max() ?? 0
        if pendingCount > 1 {
            facts = try await self.facts(["XINFO", "STREAM", key, "FULL", "COUNT", .number(pendingCount)])
        }
        guard let lastID = facts["last-generated-id"].flatMap(Self.identifier) else { throw unexpected("XINFO") }
        value.append(
            lastID: lastID,
            firstID: facts["recorded-first-entry-id"].flatMap(Self.identifier),
            maximalDeletedID: facts["max-deleted-entry-id"].flatMap(Self.identifier),
            entriesAdded: facts["entries-added"]?.integer.map { UInt64(bitPattern: $0) }
        )
        return try (facts["groups"]?.elements ?? []).map { try fullGroup(Self.map($0)) }
    }

    private func fullGroup(_ facts: [String: RESPValue]) throws -> Group {
        guard let name = facts["name"]?.bytes, let last = facts["last-delivered-id"].flatMap(Self.identifier) else {
            throw unexpected("XINFO")
        }
        var group = StreamGroupFingerprinter(
            name: name,
            lastDelivered: last,
            entriesRead: facts["entries-read"]?.integer.map { UInt64(bitPattern: $0) },
            scope: scope
        )
        for consumer in facts["consumers"]?.elements ?? [] {
            if let name = Self.map(consumer)["name"]?.bytes { group.append(consumer: name) }
        }
        // Newer servers call it "pel".
        for entry in (facts["pending"] ?? facts["pel"])?.elements ?? [] {
            guard let parts = entry.elements, parts.count >= 4, let id = Self.identifier(parts[0]),
                let deliveredAt = parts[2].integer, let count = parts[3].integer
            else { throw unexpected("XINFO") }
            let pending = StreamValue.PendingEntry(
                id: id,
                deliveredAtMilliseconds: deliveredAt,
                deliveryCount: UInt64(bitPattern: count)
            )
            let consumer = parts[1].bytes.flatMap { $0.readableBytes > 0 ? $0 : nil }
            group.append(pending: pending, consumer: consumer)
        }
        return Group(name: name, fingerprinter: group)
    }

    // MARK: Redis 5.0

    private func plainGroups(_ key: RESPArgument, _ value: inout ValueFingerprinter) async throws -> [Group] {
        let facts = try await facts(["XINFO", "STREAM", key])
        guard let lastID = facts["last-generated-id"].flatMap(Self.identifier) else { throw unexpected("XINFO") }
        value.append(lastID: lastID, firstID: nil, maximalDeletedID: nil, entriesAdded: nil)
        var groups: [Group] = []
        for told in try await connection.command("XINFO", "GROUPS", key).elements ?? [] {
            let facts = Self.map(told)
            guard let name = facts["name"]?.bytes, let last = facts["last-delivered-id"].flatMap(Self.identifier)
            else { throw unexpected("XINFO") }
            var group = StreamGroupFingerprinter(name: name, lastDelivered: last, entriesRead: nil, scope: scope)
            for consumer in try await connection.command("XINFO", "CONSUMERS", key, .bytes(name)).elements ?? [] {
                if let name = Self.map(consumer)["name"]?.bytes { group.append(consumer: name) }
            }
            try await appendPending(key, name, to: &group)
            groups.append(Group(name: name, fingerprinter: group))
        }
        return groups
    }

    /// XPENDING tells how long ago, not when, an entry was delivered: the scope leaves that out.
    private func appendPending(
        _ key: RESPArgument,
        _ name: ByteBuffer,
        to group: inout StreamGroupFingerprinter
    ) async throws {
        var start = "-"
        while true {
            let window = Self.wholeElementLimit
            let reply = try await connection.command("XPENDING", key, .bytes(name), .text(start), "+", .number(window))
            let entries = reply.elements ?? []
            var last: StreamValue.ID?
            for entry in entries {
                guard let parts = entry.elements, parts.count == 4, let id = Self.identifier(parts[0]),
                    let count = parts[3].integer
                else { throw unexpected("XPENDING") }
                let pending = StreamValue.PendingEntry(
                    id: id,
                    deliveredAtMilliseconds: 0,
                    deliveryCount: UInt64(bitPattern: count)
                )
                group.append(pending: pending, consumer: parts[1].bytes)
                last = id
            }
            guard let last, entries.count >= window, let next = last.following else { return }
            start = next.description
        }
    }

    // MARK: Answers

    private func facts(_ command: [RESPArgument]) async throws -> [String: RESPValue] {
        Self.map(try await connection.command(command))
    }

    /// Names and what is told of them.
    private static func map(_ reply: RESPValue) -> [String: RESPValue] {
        let elements = reply.elements ?? []
        var map: [String: RESPValue] = [:]
        for index in stride(from: 0, to: elements.count - 1, by: 2) {
            if let name = elements[index].text { map[name] = elements[index + 1] }
        }
        return map
    }

    private static func identifier(_ reply: RESPValue) -> StreamValue.ID? {
        guard let halves = reply.text?.split(separator: "-"), halves.count == 2, let milliseconds = UInt64(halves[0]),
            let sequence = UInt64(halves[1])
        else { return nil }
        return StreamValue.ID(milliseconds: milliseconds, sequence: sequence)
    }
}

extension StreamValue.ID {
    /// The least id behind this one; nil behind the last.
    fileprivate var following: Self? {
        if sequence < .max { return Self(milliseconds: milliseconds, sequence: sequence + 1) }
        return milliseconds < .max ? Self(milliseconds: milliseconds + 1, sequence: 0) : nil
    }
}
