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
    /// TIME and PTTL are whole milliseconds, so a deadline that is computed of both may be off by one.
    private static let roundingMilliseconds: Int64 = 1

    let connection: NodeConnection
    let engine: Engine
    let knowsExpireTime: Bool
    /// False to ask for presence and deadline alone, which no server counts as an access: reading a value would make
    /// each key of the sample the most recently used of a target that evicts by use.
    let readsValues: Bool
    let clock: TargetClock
    /// Of the sample's fingerprints.
    let scope: ValueFingerprinter.Scope

    /// Reads every key of the sample, and adds what it found to `verification`.
    func read(
        _ sample: [RestoreSample.Entry],
        into verification: inout RestoreVerification
    ) async throws(TransportError) {
        let byDatabase = Dictionary(grouping: sample, by: \.database)
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
        // The deadlines first: a key that expires between the two commands has none left, but it was due.
        let deadlines = try await deadlines(entries)
        var encoded = ByteBuffer()
        // TYPE counts as an access nowhere; EXISTS does on Redis 5.0.
        for entry in entries { encoded.writeCommand(readsValue(of: entry) ? "DUMP" : "TYPE", .bytes(entry.key)) }
        let values = try checked(try await connection.pipeline(encoded, replyCount: entries.count))
        let now = clock.now
        return entries.enumerated().map { index, entry in
            judge(entry, deadline: deadlines[index], value: values[index], now: now)
        }
    }

    /// The answers, none of which is an error.
    private func checked(_ replies: some Collection<RESPValue>) throws(TransportError) -> [RESPValue] {
        if let refusal = replies.lazy.compactMap(\.error).first {
            throw TransportError(refusal, command: nil, address: connection.address)
        }
        return Array(replies)
    }

    /// What the target tells of a key's deadline.
    private enum Deadline {
        case noKey
        case never
        /// Within these milliseconds; a single one where the server tells deadlines itself.
        case within(ClosedRange<Int64>)
    }

    private func deadlines(_ entries: ArraySlice<RestoreSample.Entry>) async throws(TransportError) -> [Deadline] {
        var encoded = ByteBuffer()
        if !knowsExpireTime { encoded.writeCommand("TIME") }
        for entry in entries { encoded.writeCommand(knowsExpireTime ? "PEXPIRETIME" : "PTTL", .bytes(entry.key)) }
        if !knowsExpireTime { encoded.writeCommand("TIME") }
        let before = clock.now
        let replies = try await connection.pipeline(encoded, replyCount: entries.count + (knowsExpireTime ? 0 : 2))
        guard !knowsExpireTime else { return try checked(replies).map { Self.deadline($0, from: 0...0) } }
        // The server's own clock on both sides of the answers; where TIME is forbidden, what is known of it.
        let earliest = Self.milliseconds(replies.first) ?? before.rawValue
        let latest = max(earliest, Self.milliseconds(replies.last) ?? clock.now.rawValue)
        let moments = earliest - Self.roundingMilliseconds...latest + Self.roundingMilliseconds
        return try checked(replies.dropFirst().dropLast()).map { Self.deadline($0, from: moments) }
    }

    private static func deadline(_ told: RESPValue, from moments: ClosedRange<Int64>) -> Deadline {
        switch told.integer ?? -2 {
        case -2: .noKey
        case -1: .never
        case let life: .within(moments.lowerBound + life...moments.upperBound + life)
        }
    }

    private static func milliseconds(_ time: RESPValue?) -> Int64? {
        guard let parts = time?.elements, parts.count == 2, let seconds = parts[0].integer,
            let microseconds = parts[1].integer
        else { return nil }
        return seconds * 1000 + microseconds / 1000
    }

    private func judge(
        _ entry: RestoreSample.Entry,
        deadline: Deadline,
        value: RESPValue,
        now: UnixMilliseconds
    ) -> Outcome {
        if case .noKey = deadline { return absence(of: entry, now: now) }
        if value.isNull || !readsValue(of: entry) && value.text == "none" { return absence(of: entry, now: now) }
        guard isDeadline(deadline, of: entry) else { return .deadlineDiffers }
        guard readsValue(of: entry), let expected = entry.fingerprint else { return .presentOnly }
        guard let payload = value.bytes else { return .valueDiffers }
        return Self.compare(payload, with: expected, engine: engine, scope: scope)
    }

    private func readsValue(of entry: RestoreSample.Entry) -> Bool { readsValues && entry.fingerprint != nil }

    private func absence(of entry: RestoreSample.Entry, now: UnixMilliseconds) -> Outcome {
        [entry.deadline, entry.fieldEnd].contains { $0.map { $0 <= now } ?? false } ? .due : .missing
    }

    private func isDeadline(_ told: Deadline, of entry: RestoreSample.Entry) -> Bool {
        switch (told, entry.deadline) {
        case (.never, nil): true
        case (.within(let milliseconds), let expected?): milliseconds.contains(expected.rawValue)
        default: false
        }
    }

    /// A server may keep a value in a form that is newer than this program: then its presence is all that is known.
    static func compare(
        _ payload: ByteBuffer,
        with expected: ValueFingerprint,
        engine: Engine,
        scope: ValueFingerprinter.Scope
    ) -> Outcome {
        guard let fingerprinter = try? BodyFingerprinter.of(dumped: payload, engine: engine, scope: scope) else {
            return .valueDiffers
        }
        let found = fingerprinter.finish()
        if found.kind == .opaque { return .presentOnly }
        return expected.relation(to: found) == .same ? .matches : .valueDiffers
    }
}

extension RestoreVerification {
    mutating func add(_ outcome: SampleReader.Outcome) {
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
