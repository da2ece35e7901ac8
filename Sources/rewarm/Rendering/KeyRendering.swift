import NIOCore
import Operations
import SnapshotModel

/// Keys of an archive as lines and as JSON items.
enum KeyRendering {
    static func line(_ key: ArchivedKey, long: Bool) -> String {
        let text = Printable.key(key.key.readableBytesView)
        guard long else { return text }
        let expiry: String =
            switch key.expiry {
            case .never: "-"
            case .at(let deadline): deadline.description
            }
        return [
            "db\(key.database)", padded(key.typeName, to: 8), padded(String(key.bodyByteCount), to: 10),
            padded(expiry, to: 24), text,
        ].joined(separator: "  ")
    }

    static func json(_ key: ArchivedKey) -> JSONObject {
        var object: JSONObject = [
            "database": .integer(Int64(key.database)),
            "key": .string(Printable.key(key.key.readableBytesView)),
            "keyBase64": .string(Base64.encode(key.key.readableBytesView)),
            "valueType": .string(key.typeName),
            "encoding": .string(key.encodingName),
            "bodyByteCount": .unsigned(key.bodyByteCount),
        ]
        switch key.expiry {
        case .never: object.add("expiresAt", .null)
        case .at(let deadline): object.add(SnapshotRendering.instant("expiresAt", deadline))
        }
        switch key.access {
        case .none: break
        case .idle(let seconds): object.add("idleSeconds", .unsigned(seconds))
        case .frequency(let counter): object.add("accessFrequency", .integer(Int64(counter)))
        }
        return object
    }

    private static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
