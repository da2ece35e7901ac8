import NIOCore
import RDB
import SnapshotModel

/// A decoded value as lines for people; every element is printed the way keys are.
enum ValueText {
    /// nil for a value that cannot be decoded.
    static func lines(_ value: RDBValue) -> [String]? {
        switch value {
        case .string(let bytes): [text(bytes)]
        case .list(let elements), .set(let elements): elements.map(text)
        case .hash(let fields): fields.map(line)
        case .sortedSet(let members): members.map { score($0.score) + "  " + text($0.member) }
        case .stream(let stream): lines(stream)
        case .opaque: nil
        }
    }

    static func text(_ bytes: ByteBuffer) -> String { Printable.key(bytes.readableBytesView) }

    /// As the server prints it: `3` for whole numbers, `inf`.
    static func score(_ score: Double) -> String {
        if let whole = Int64(exactly: score) { return String(whole) }
        return "\(score)"
    }

    private static func line(_ field: RDBValue.HashField) -> String {
        let line = text(field.field) + "  " + text(field.value)
        switch field.expiry {
        case .never: return line
        case .at(let deadline): return line + "  (expires \(deadline))"
        }
    }

    private static func lines(_ stream: StreamValue) -> [String] {
        var lines = stream.entries.map { entry in
            ([entry.id.description] + entry.fields.map { text($0.name) + " " + text($0.value) }).joined(separator: "  ")
        }
        lines.append("last id \(stream.lastID), \(Figures.counted(stream.length, "entry", plural: "entries"))")
        for group in stream.groups {
            let consumers = Figures.counted(UInt64(group.consumers.count), "consumer")
            let pending = Figures.count(UInt64(group.pending.count))
            lines.append(
                "group \(text(group.name)): delivered to \(group.lastDelivered), \(pending) pending, \(consumers)"
            )
        }
        return lines
    }
}
