import NIOCore
import RDB
import RESP
import SnapshotModel
import Transport

extension NodeValueReader {
    /// How often a scan is repeated whose elements are not as many as the value has.
    private static var scanAttemptLimit: Int { 3 }

    /// A value of any size, in windows of bounded size.
    func largeValue(_ reading: Reading) async throws -> ValueFingerprinter? {
        switch reading.kind {
        case .string: try await string(reading)
        case .list: try await list(reading)
        case .sortedSet: try await sortedSet(reading)
        case .set, .hash: try await scanned(reading)
        case .stream: try await stream(reading)
        case nil: nil
        }
    }

    private func string(_ reading: Reading) async throws -> ValueFingerprinter {
        var value = ValueFingerprinter(.string, scope: scope)
        for start in stride(from: 0, to: reading.elementCount, by: Int64.Stride(Self.wholeByteLimit)) {
            let reply = try await connection.command(
                "GETRANGE",
                .bytes(reading.entry.key),
                .number(start),
                .number(start + Self.wholeByteLimit - 1)
            )
            guard let piece = reply.bytes else { throw unexpected("GETRANGE") }
            value.append(piece: piece)
        }
        return value
    }

    private func list(_ reading: Reading) async throws -> ValueFingerprinter {
        var value = ValueFingerprinter(.list, scope: scope)
        for start in stride(from: 0, to: reading.elementCount, by: Int64.Stride(reading.windowCount)) {
            let end = start + reading.windowCount - 1
            let reply = try await connection.command(
                "LRANGE",
                .bytes(reading.entry.key),
                .number(start),
                .number(end)
            )
            for item in reply.elements ?? [] { value.append(item: item.bytes ?? ByteBuffer()) }
        }
        return value
    }

    private func sortedSet(_ reading: Reading) async throws -> ValueFingerprinter {
        var value = ValueFingerprinter(.sortedSet, scope: scope)
        for start in stride(from: 0, to: reading.elementCount, by: Int64.Stride(reading.windowCount)) {
            let end = start + reading.windowCount - 1
            let reply = try await connection.command(
                "ZRANGE",
                .bytes(reading.entry.key),
                .number(start),
                .number(end),
                "WITHSCORES"
            )
            try append(members: Self.pairs(reply), to: &value)
        }
        return value
    }

    /// A scan may tell an element twice while the server moves its table: then there are more than it has.
    private func scanned(_ reading: Reading) async throws -> ValueFingerprinter? {
        for _ in 0..<Self.scanAttemptLimit {
            let (value, count) = try await scan(reading)
            if count == reading.elementCount { return value }
        }
        return nil
    }

    private func scan(_ reading: Reading) async throws -> (value: ValueFingerprinter, count: Int64) {
        let isHash = reading.kind == .hash
        var value = ValueFingerprinter(isHash ? .hash : .set, scope: scope)
        var count: Int64 = 0
        var cursor = ByteBuffer(string: "0")
        repeat {
            let reply = try await connection.command(
                .text(isHash ? "HSCAN" : "SSCAN"),
                .bytes(reading.entry.key),
                .bytes(cursor),
                "COUNT",
                .number(reading.windowCount)
            )
            guard let parts = reply.elements, parts.count == 2, let next = parts[0].bytes else {
                throw unexpected("SCAN")
            }
            cursor = next
            if isHash {
                let fields = Self.pairs(parts[1])
                count += Int64(fields.count)
                guard !fields.isEmpty else { continue }
                let deadlines = try await fieldDeadlines([(reading.entry.key, fields.map(\.0))])
                append(fields: fields, deadlines.first ?? [], to: &value)
            } else {
                for member in parts[1].elements ?? [] {
                    value.append(item: member.bytes ?? ByteBuffer())
                    count += 1
                }
            }
        } while cursor != ByteBuffer(string: "0")
        return (value, count)
    }
}
