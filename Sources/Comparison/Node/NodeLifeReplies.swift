import RESP
import SnapshotModel

/// Replies about a key's deadline and last use; pure.
enum NodeLifeReplies {
    /// The node's clock before and after a pipeline.
    typealias Clock = ClosedRange<UnixMilliseconds>

    static func clock(_ first: RESPValue?, _ last: RESPValue?) -> Clock? {
        guard let first = first.flatMap(time), let last = last.flatMap(time) else { return nil }
        return first...max(first, last)
    }

    /// Of TIME: seconds and microseconds.
    private static func time(_ reply: RESPValue) -> UnixMilliseconds? {
        guard let parts = reply.elements, parts.count == 2, let seconds = parts[0].integer,
            let microseconds = parts[1].integer
        else { return nil }
        return UnixMilliseconds(seconds * 1000 + microseconds / 1000)
    }

    /// `replies` are those of `NodeKeyReader.writeLife`; the state is present or missing.
    static func reading(_ replies: [RESPValue], _ dialect: NodeReadingDialect, clock: Clock?) -> NodeKeyReading {
        var reading = NodeKeyReading()
        guard let life = replies.last, let milliseconds = life.integer else {
            reading.state = .refused(replies.last?.error?.safeText ?? "no answer")
            return reading
        }
        guard milliseconds != -2 else {
            reading.state = .missing
            return reading
        }
        if milliseconds >= 0 {
            if let clock {
                // The server takes its time once for a command, and rounds neither up nor down.
                let first = clock.lowerBound.advanced(byMilliseconds: milliseconds)
                let last = clock.upperBound.advanced(byMilliseconds: milliseconds + 1)
                reading.deadline = first...last
            } else {
                reading.deadline = UnixMilliseconds(milliseconds)...UnixMilliseconds(milliseconds)
            }
        }
        if replies.count > 1, let told = replies[0].integer {
            switch dialect.access {
            case .none: break
            case .idle: reading.access = UInt64(exactly: told).map { .idle(seconds: $0) } ?? .none
            case .frequency: reading.access = UInt8(exactly: told).map { .frequency($0) } ?? .none
            }
        }
        return reading
    }
}
