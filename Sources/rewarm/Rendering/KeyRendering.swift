import Memcached
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
        let byteCount = key.valueByteCount ?? key.bodyByteCount
        let common = [
            "db\(key.database)", padded(key.typeName, to: 8), padded(String(byteCount), to: 10), padded(expiry, to: 24),
        ]
        return (common + itemCells(key) + [text]).joined(separator: "  ")
    }

    /// Client flags, CAS and the time since the last access of an item of Memcached.
    private static func itemCells(_ key: ArchivedKey) -> [String] {
        guard let item = key.item else { return [] }
        let idle = if case .idle(let seconds) = key.access { "idle \(seconds)s" } else { "-" }
        return [
            padded("flags \(item.clientFlags)", to: 16), padded(item.cas.map { "cas \($0)" } ?? "-", to: 12),
            padded(idle, to: 14),
        ]
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
        if let item = key.item { object.add(json(item)) }
        if let byteCount = key.valueByteCount { object.add("valueByteCount", .unsigned(byteCount)) }
        switch key.access {
        case .none: break
        case .idle(let seconds): object.add("idleSeconds", .unsigned(seconds))
        case .frequency(let counter): object.add("accessFrequency", .integer(Int64(counter)))
        }
        return object
    }

    private static func json(_ item: MemcachedItem) -> JSONObject {
        [
            "clientFlags": .unsigned(item.clientFlags),
            "cas": item.cas.map { .unsigned($0) } ?? .null,
            "slabClass": item.slabClass.map { .unsigned(UInt64($0)) } ?? .null,
            "isFetched": .bool(item.isFetched),
            "isStale": .bool(item.isStale),
        ]
    }

    private static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
