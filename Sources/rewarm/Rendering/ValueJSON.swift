import NIOCore
import RDB
import SnapshotModel

/// A decoded value for programs: every element as printed text and, exactly, in base64.
enum ValueJSON {
    /// Members for the item of `get`; empty for a value that cannot be decoded.
    static func members(_ value: RDBValue) -> JSONObject {
        switch value {
        case .string(let bytes): element("value", bytes)
        case .list(let elements), .set(let elements):
            ["elements": .array(elements.map { .object(element("element", $0)) })]
        case .hash(let fields): ["fields": .array(fields.map { .object(field($0)) })]
        case .sortedSet(let members):
            ["members": .array(members.map { .object(member($0)) })]
        case .stream(let stream): members(stream)
        case .opaque: [:]
        }
    }

    private static func element(_ name: String, _ bytes: ByteBuffer) -> JSONObject {
        [name: .string(ValueText.text(bytes)), name + "Base64": .string(Base64.encode(bytes.readableBytesView))]
    }

    private static func field(_ field: RDBValue.HashField) -> JSONObject {
        var object = element("field", field.field)
        object.add(element("value", field.value))
        if case .at(let deadline) = field.expiry { object.add(SnapshotRendering.instant("expiresAt", deadline)) }
        return object
    }

    /// The score as text, since JSON has no infinity and rounds what a double holds.
    private static func member(_ member: RDBValue.ScoredMember) -> JSONObject {
        var object = element("member", member.member)
        object.add("score", .string(ValueText.score(member.score)))
        return object
    }

    private static func members(_ stream: StreamValue) -> JSONObject {
        let entries = stream.entries.map { entry in
            let fields = entry.fields.map { pair in
                var object = element("name", pair.name)
                object.add(element("value", pair.value))
                return JSONValue.object(object)
            }
            return JSONValue.object(["id": .string(entry.id.description), "fields": .array(fields)])
        }
        let groups = stream.groups.map { group in
            var object = element("name", group.name)
            object.add("lastDeliveredID", .string(group.lastDelivered.description))
            object.add("pendingEntryCount", .count(group.pending.count))
            object.add("consumerCount", .count(group.consumers.count))
            return JSONValue.object(object)
        }
        return [
            "entries": .array(entries),
            "lastID": .string(stream.lastID.description),
            "entryCount": .unsigned(stream.length),
            "groups": .array(groups),
        ]
    }
}
