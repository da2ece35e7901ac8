import NIOCore
import RDB
import RESP
import SnapshotModel
import Transport

/// Reads the sample back from the target and compares.
struct SampleReader {
    /// What one key turned out to be.
    enum Outcome {
        case matches
        case presentOnly
        case due
        case missing
        case valueDiffers
        case deadlineDiffers
    }

    /// Keys per round trip, so that replies of the largest compared values stay within a few MiB.
    private static let batchCount = 20
    /// How far a deadline told by PTTL and TIME may be off: both are whole milliseconds, read one after the other.
    private static let toleranceMilliseconds: UInt64 = 5

    let connection: NodeConnection
    let engine: Engine
    let knowsExpireTime: Bool
    /// False to ask for presence and deadline alone, which no server counts as an access: reading a value would make
    /// each key of the sample the most recently used of a target that evicts by use.
    let readsValues: Bool
    let clock: TargetClock

    /// Reads every key of the sample, and adds what it found to `verification`.
    func read(_ sample: RestoreSample, into verification: inout RestoreVerification) async throws(TransportError) {
        let byDatabase = Dictionary(grouping: sample.entries, by: \.database)
        for database in byDatabase.keys.sorted() {
            _ = try await connection.command("SELECT", .number(Int64(database)))
            var rest = (byDatabase[database] ?? [])[...]
            while !rest.isEmpty {
                let entries = rest.prefix(Self.batchCount)
                rest = rest.dropFirst(entries.count)
                for outcome in try await outcomes(entries) { verification.add(outcome) }
            }
        }
    }

    private func outcomes(_ entries: ArraySlice<RestoreSample.Entry>) async throws(TransportError) -> [Outcome] {
        var encoded = ByteBuffer()
        for entry in entries {
            // The deadline first: a key that expires between the two commands has none left, but it was due.
            encoded.writeCommand(knowsExpireTime ? "PEXPIRETIME" : "PTTL", .bytes(entry.key))
            encoded.writeCommand(readsValues && entry.digest != nil ? "DUMP" : "EXISTS", .bytes(entry.key))
        }
        let replies = try await connection.pipeline(encoded, replyCount: 2 * entries.count)
        let now = clock.now
        return entries.enumerated().map { index, entry in
            judge(entry, deadline: replies[2 * index], value: replies[2 * index + 1], now: now)
        }
    }

    private func judge(
        _ entry: RestoreSample.Entry,
        deadline deadlineReply: RESPValue,
        value: RESPValue,
        now: UnixMilliseconds
    ) -> Outcome {
        let told = deadlineReply.integer ?? -2
        if told == -2 || value.isNull || value == .integer(0) {
            return entry.deadline.map { $0 <= now } ?? false ? .due : .missing
        }
        guard isDeadline(told, of: entry, now: now) else { return .deadlineDiffers }
        guard readsValues, let expected = entry.digest else { return .presentOnly }
        guard let payload = value.bytes, digest(payload) == expected else { return .valueDiffers }
        return .matches
    }

    private func isDeadline(_ told: Int64, of entry: RestoreSample.Entry, now: UnixMilliseconds) -> Bool {
        guard let deadline = entry.deadline else { return told == -1 }
        guard told >= 0 else { return false }
        if knowsExpireTime { return told == deadline.rawValue }
        return now.advanced(byMilliseconds: told).milliseconds(since: deadline).magnitude <= Self.toleranceMilliseconds
    }

    private func digest(_ payload: ByteBuffer) -> ValueDigest? {
        guard let parsed = try? DumpPayload.parse(payload),
            let value = try? RDBValueDecoder.decode(
                parsed.body,
                type: parsed.type,
                format: PayloadFormat(engine: engine, rdbVersion: parsed.version)
            )
        else { return nil }
        return ValueDigest(value)
    }
}

extension RestoreVerification {
    fileprivate mutating func add(_ outcome: SampleReader.Outcome) {
        sampledKeyCount += 1
        switch outcome {
        case .matches: matchingKeyCount += 1
        case .presentOnly:
            matchingKeyCount += 1
            presenceOnlyKeyCount += 1
        case .due: dueKeyCount += 1
        case .missing: missingKeyCount += 1
        case .valueDiffers: differingValueCount += 1
        case .deadlineDiffers: differingDeadlineCount += 1
        }
    }
}
