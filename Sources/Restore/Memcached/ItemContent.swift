import Memcached
import NIOCore
import RDB
import SnapshotModel

/// What a record of any engine comes to as an item: its flags and such, and its value.
struct ItemContent {
    var item: MemcachedItem
    var value: ByteBuffer

    /// How records of each type become items; decided once per archive.
    struct Reader: Sendable {
        private enum Way {
            case item
            case string
            /// Metadata of the key come first (Redis 8.6).
            case metadata
            case none
        }

        private let ways: [Way]

        init(_ format: PayloadFormat) {
            ways = (0...UInt8.max).map { type in
                switch format.engine {
                case .memcached: type == MemcachedItem.recordType ? .item : .none
                case .redis, .valkey:
                    switch PayloadRoute(type: type, from: format, to: format) {
                    case .metadata: .metadata
                    case .asIs: RDBValueTypes.row(type: type, format: format)?.name == "string" ? .string : .none
                    case .rewrite, .unknown: .none
                    }
                }
            }
        }

        /// Whether some values of the type have a way.
        func knows(_ type: UInt8) -> Bool { ways[Int(type)] != .none }

        /// The record's content; nil if it is no string.
        ///
        /// Of a value over several blocks, `body` is its first chunk: then the value is its beginning.
        func content(_ type: UInt8, _ body: ByteBuffer, isWhole: Bool = true) -> ItemContent? {
            switch ways[Int(type)] {
            case .item:
                var rest = body
                guard let item = try? MemcachedItem(reading: &rest) else { return nil }
                return ItemContent(item: item, value: rest)
            case .string: return string(body, isWhole: isWhole)
            case .metadata:
                guard isWhole, let inner = try? PayloadRewriter.withoutMetadata(body), ways[Int(inner.type)] == .string
                else { return nil }
                return string(inner.body, isWhole: true)
            case .none: return nil
            }
        }

        /// A string as Redis serialises it: plain, a number, or LZF.
        private func string(_ body: ByteBuffer, isWhole: Bool) -> ItemContent? {
            var value = body
            if let prefix = RDBString.plainPrefix(body) {
                guard !isWhole || UInt64(prefix.byteCount) + prefix.contentByteCount == UInt64(body.readableBytes)
                else {
                    return nil
                }
                value.moveReaderIndex(forwardBy: prefix.byteCount)
                return ItemContent(item: MemcachedItem(), value: value)
            }
            var plain = ByteBuffer()
            guard isWhole, RDBString.write(body, into: &plain) else { return nil }
            return ItemContent(item: MemcachedItem(), value: plain)
        }
    }

    /// The fingerprint of what the target should hold; nil for what is too large to be read back.
    func fingerprint(_ scope: ValueFingerprinter.Scope) -> ValueFingerprint? {
        Self.fingerprint(of: value, clientFlags: item.clientFlags, scope)
    }

    static func fingerprint(
        of value: ByteBuffer,
        clientFlags: UInt64,
        _ scope: ValueFingerprinter.Scope
    ) -> ValueFingerprint? {
        guard value.readableBytes <= RestoreSample.largestComparedByteCount else { return nil }
        var bytes = ByteBuffer(integer: clientFlags)
        bytes.writeImmutableBuffer(value)
        return RestoreSample.fingerprint(.string(bytes), scope)
    }

    /// What of it the target is not told, by the names that reports have for it.
    func omissions(_ dialect: ItemDialect) -> [String] {
        var names: [String] = []
        if item.cas != nil, !dialect.keepsCAS { names.append(Omission.cas) }
        if item.isFetched { names.append(Omission.fetched) }
        if item.isStale, !dialect.marksStale { names.append(Omission.stale) }
        return names
    }

    /// What items may lack: names of `RestoreAccounting.omissions`.
    enum Omission {
        static let cas = "cas:item"
        static let fetched = "fetched:item"
        static let stale = "stale:item"
        static let clientFlags = "clientFlags:item"
        /// The deadline lies beyond January 2038.
        static let lateDeadline = "deadlineAfter2038"
    }
}
