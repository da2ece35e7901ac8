import NIOCore
import RDB
import RESP
import SnapshotModel

/// Replies of commands that read a value, as the value's elements; pure.
///
/// Nil is a reply of another form than the command's.
enum NodeReplies {
    /// Of GET, LRANGE, SMEMBERS, ZRANGE … WITHSCORES and HGETALL; fields come without deadlines.
    static func elements(_ reply: RESPValue, of kind: RDBElement.Kind) -> [RDBElement]? {
        switch kind {
        case .string: reply.bytes.map { [.stringPart($0)] }
        case .list, .set: items(reply)
        case .sortedSet: scored(reply)
        case .hash: fields(reply)
        case .stream: nil
        }
    }

    static func items(_ reply: RESPValue) -> [RDBElement]? {
        guard let elements = reply.elements else { return nil }
        var items: [RDBElement] = []
        items.reserveCapacity(elements.count)
        for element in elements {
            guard let bytes = element.bytes else { return nil }
            items.append(.item(bytes))
        }
        return items
    }

    static func scored(_ reply: RESPValue) -> [RDBElement]? {
        pairs(reply) { member, score in
            String(buffer: score).score.map { .scored(member: member, score: $0) }
        }
    }

    static func fields(_ reply: RESPValue) -> [RDBElement]? {
        pairs(reply) { .field($0, value: $1, expiry: .never) }
    }

    /// Cursor and elements of SSCAN and HSCAN.
    static func page(_ reply: RESPValue) -> (cursor: ByteBuffer, content: RESPValue)? {
        guard let parts = reply.elements, parts.count == 2, let cursor = parts[0].bytes else { return nil }
        return (cursor, parts[1])
    }

    /// Gives fields the deadlines that HPEXPIRETIME told, in the same order; -1 is none.
    static func fields(_ fields: [RDBElement], withDeadlines reply: RESPValue) -> [RDBElement]? {
        guard let deadlines = reply.elements, deadlines.count == fields.count else { return nil }
        var result: [RDBElement] = []
        result.reserveCapacity(fields.count)
        for (element, deadline) in zip(fields, deadlines) {
            guard case .field(let name, let value, _) = element, let milliseconds = deadline.integer else { return nil }
            // -2: the field has expired since it was read.
            guard milliseconds != -2 else { continue }
            let expiry = milliseconds < 0 ? Expiry.never : .at(UnixMilliseconds(milliseconds))
            result.append(.field(name, value: value, expiry: expiry))
        }
        return result
    }

    private static func pairs(
        _ reply: RESPValue,
        _ make: (ByteBuffer, ByteBuffer) -> RDBElement?
    ) -> [RDBElement]? {
        guard let elements = reply.elements, elements.count.isMultiple(of: 2) else { return nil }
        var result: [RDBElement] = []
        result.reserveCapacity(elements.count / 2)
        for index in stride(from: 0, to: elements.count, by: 2) {
            guard let first = elements[index].bytes, let second = elements[index + 1].bytes,
                let element = make(first, second)
            else { return nil }
            result.append(element)
        }
        return result
    }
}

extension String {
    /// A score as servers write it: the shortest digits that give the same number again, or `inf`.
    fileprivate var score: Double? { Double(self) }
}
