import Memcached
import NIOCore
import RDB
import SnapshotModel
import Transport

/// Reads the sample back from Memcached and compares: value, client flags, deadline.
struct ItemSampleReader {
    /// Items per round trip, so that their values stay within a few MiB.
    private static let batchCount = 20
    /// The server counts whole seconds, and the clock goes on between two answers.
    private static let toleratedSeconds: Int64 = 1

    let connection: MemcachedConnection
    /// False to ask for presence and deadline alone.
    let readsValues: Bool
    let clock: TargetClock
    /// Of the sample's fingerprints.
    let scope: ValueFingerprinter.Scope

    /// Reads every key of the sample, and adds what it found to `verification`.
    func read(
        _ sample: [RestoreSample.Entry],
        into verification: inout RestoreVerification
    ) async throws(TransportError) {
        var rest = sample[...]
        while !rest.isEmpty {
            let entries = rest.prefix(Self.batchCount)
            rest = rest.dropFirst(entries.count)
            for outcome in try await outcomes(entries) { verification.add(outcome) }
        }
    }

    private func outcomes(
        _ entries: ArraySlice<RestoreSample.Entry>
    ) async throws(TransportError) -> [SampleReader.Outcome] {
        var commands = ByteBuffer()
        for entry in entries {
            // A key that was sent has a form.
            let form = (try? ItemKey.form(of: entry.key)) ?? .base64
            if readsValue(of: entry) {
                // `u`: the item stays where it is in the server's order of use.
                commands.writeMetaGet(entry.key, form, flags: "v f t u")
            } else {
                commands.writeMetaGet(entry.key, form, flags: "t u")
            }
        }
        let before = try await connection.stats().time ?? clock.now.rawValue / 1000
        let replies = try await connection.replies(to: commands, count: entries.count)
        let after = try await connection.stats().time ?? clock.now.rawValue / 1000
        let moments = before - Self.toleratedSeconds...max(before, after) + Self.toleratedSeconds
        let now = UnixMilliseconds(moments.upperBound * 1000)
        return zip(entries, replies).map { judge($0, $1, moments, now: now) }
    }

    private func judge(
        _ entry: RestoreSample.Entry,
        _ reply: MetaReply,
        _ moments: ClosedRange<Int64>,
        now: UnixMilliseconds
    ) -> SampleReader.Outcome {
        let flags: MetaFlags
        var value: ByteBuffer?
        switch reply {
        case .value(let found, let bytes): (flags, value) = (found, bytes)
        case .done(let found), .largeValue(let found, _): flags = found
        default: return entry.deadline.map { $0 <= now } ?? false ? .due : .missing
        }
        guard isDeadline(flags.remainingSeconds ?? -1, of: entry, moments) else { return .deadlineDiffers }
        guard readsValue(of: entry), let expected = entry.fingerprint else { return .presentOnly }
        guard let value else { return .valueDiffers }
        let found = ItemContent.fingerprint(of: value, clientFlags: flags.clientFlags ?? 0, scope)
        return found == expected ? .matches : .valueDiffers
    }

    private func readsValue(of entry: RestoreSample.Entry) -> Bool { readsValues && entry.fingerprint != nil }

    private func isDeadline(_ left: Int64, of entry: RestoreSample.Entry, _ moments: ClosedRange<Int64>) -> Bool {
        guard let deadline = entry.deadline else { return left < 0 }
        let told = moments.lowerBound + left...moments.upperBound + left
        return left >= 0 && told.contains(deadline.rawValue / 1000)
    }
}

extension MemcachedConnection {
    /// Sends commands and returns their replies in order; of values above the parser's limit only what comes first.
    func replies(to commands: ByteBuffer, count: Int) async throws(TransportError) -> [MetaReply] {
        send(commands)
        var replies: [MetaReply] = []
        var parser = MetaReplyParser(wholeValueLimit: RestoreSample.largestComparedByteCount)
        var input = ByteBuffer()
        while replies.count < count || parser.isInValue {
            guard let reply = try violation({ () throws(MemcachedError) in try parser.next(&input) }) else {
                var bytes = try await next()
                input.writeBuffer(&bytes)
                continue
            }
            if case .piece = reply { continue }
            replies.append(reply)
        }
        return replies
    }
}
