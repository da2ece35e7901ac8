package import NIOCore

/// Parses the answer to `lru_crawler metadump`.
///
///     OK                      only from 1.6.43 on
///     key=… exp=… la=… cas=… fetch=yes|no cls=… size=… [flags=…] [ext_page=… ext_offset=…]
///     END
///
/// Lines of items end in LF alone. Source: memcached crawler.c, crawler_metadump_eval and its finalize.
package struct MetadumpParser: Sendable {
    /// Why there is no dump, or no more of it.
    package enum Refusal: Hashable, Sendable {
        /// Another crawl is under way.
        case busy
        /// The server does not know the kind of walk that was asked for.
        case badClass
        /// The hash table grows at the moment.
        case locked
        /// The server was started so that it dumps nothing (`-X`).
        case notAllowed
        /// The crawler's thread does not run.
        case crawlerDisabled
        /// Anything else, in the server's words.
        case other(String)
    }

    package enum Event: Hashable, Sendable {
        case entry(MetadumpEntry)
        case refused(Refusal)
        /// The walk has come to its end.
        case end
    }

    private var hasBegun = false
    private var hasEnded = false

    package init() {}

    /// The next event; nil if more bytes are needed, and after the end.
    package mutating func next(_ input: inout ByteBuffer) throws(MemcachedError) -> Event? {
        while !hasEnded {
            let start = input.readerIndex
            let source = input
            let parsed = try input.withUnsafeReadableBytes { (bytes) throws(MemcachedError) -> Parsed? in
                guard let (line, byteCount) = try ProtocolLine.range(in: bytes) else { return nil }
                let text = UnsafeRawBufferPointer(rebasing: bytes[line])
                return Parsed(event: try Self.event(text, at: start, of: source), byteCount: byteCount)
            }
            guard let parsed else { return nil }
            input.moveReaderIndex(forwardBy: parsed.byteCount)
            switch parsed.event {
            case nil where hasBegun: throw .unexpectedLine("OK")
            case nil: hasBegun = true
            case .entry(let entry):
                hasBegun = true
                return .entry(entry)
            case .some(let last):
                hasEnded = true
                return last
            }
        }
        return nil
    }

    /// What a line says; no event is the OK in front of the first.
    private struct Parsed {
        var event: Event?
        var byteCount: Int
    }

    private static func event(
        _ line: UnsafeRawBufferPointer,
        at start: Int,
        of source: ByteBuffer
    ) throws(MemcachedError) -> Event? {
        var cursor = LineCursor(line)
        if cursor.skip("key=") { return .entry(try entry(&cursor, at: start, of: source)) }
        switch String(decoding: line, as: UTF8.self) {
        case "OK": return nil
        case "END": return .end
        // No item to walk over.
        case let text where text.hasPrefix("NOTSTARTED"): return .end
        case let text where text.hasPrefix("BUSY"): return .refused(.busy)
        case let text where text.hasPrefix("BADCLASS"): return .refused(.badClass)
        case let text where text.hasPrefix("ERROR locked"): return .refused(.locked)
        case let text where text.hasPrefix("ERROR") && text.contains("not allowed"): return .refused(.notAllowed)
        case let text where text.hasPrefix("CLIENT_ERROR lru crawler disabled"): return .refused(.crawlerDisabled)
        case let text where text.hasPrefix("ERROR") || text.hasPrefix("CLIENT_ERROR") || text.hasPrefix("SERVER_ERROR"):
            return .refused(.other(text))
        default: throw .unexpectedLine(ProtocolLine.shown(line))
        }
    }

    private static func entry(
        _ cursor: inout LineCursor,
        at start: Int,
        of source: ByteBuffer
    ) throws(MemcachedError) -> MetadumpEntry {
        let keyRange = cursor.word()
        guard let encoded = source.getSlice(at: start + keyRange.lowerBound, length: keyRange.count),
            let key = PercentKey.decode(encoded), key.readableBytes > 0
        else { throw .malformed(reason: "a key in a dump that is not percent-encoded") }
        var entry = MetadumpEntry(key: key)
        var isWhole = false
        cursor.skipSpaces()
        while !cursor.isAtEnd {
            if cursor.skip("exp=") {
                let expiry = try number(cursor.signedNumber())
                entry.expiry = expiry == -1 ? nil : expiry
            } else if cursor.skip("la=") {
                entry.lastAccess = try number(cursor.signedNumber())
                isWhole = true
            } else if cursor.skip("cas=") {
                entry.cas = try number(cursor.number())
            } else if cursor.skip("fetch=") {
                entry.isFetched = cursor.byte == 0x79
                _ = cursor.word()
            } else if cursor.skip("cls=") {
                entry.slabClass = try number(cursor.number().flatMap { UInt32(exactly: $0) })
            } else if cursor.skip("size=") {
                entry.storedByteCount = try number(cursor.number())
            } else if cursor.skip("flags=") {
                entry.clientFlags = try number(cursor.number())
            } else {
                // ext_page, ext_offset, and what newer servers may add.
                if cursor.skip("ext_page=") { entry.isExternal = true }
                _ = cursor.word()
            }
            guard cursor.isAtEnd || cursor.byte == 0x20 else { throw Self.noNumber }
            cursor.skipSpaces()
        }
        guard isWhole else { throw .malformed(reason: "a line of a dump without its fields") }
        return entry
    }

    private static func number<Number>(_ value: Number?) throws(MemcachedError) -> Number {
        guard let value else { throw noNumber }
        return value
    }

    private static var noNumber: MemcachedError { .malformed(reason: "a field of a dump that is no number") }
}
