import Memcached
import NIOCore

extension FuzzTarget {
    /// Listings and replies of Memcached: split anywhere they give the same; a record's head comes back as it was.
    static let memcached = FuzzTarget(name: "memcached") { bytes in
        let listing = listing([bytes[...]])
        let replies = replies([bytes[...]], wholeValueLimit: .max)
        for way in Splits(bytes).ways {
            let splitListing = Self.listing(way)
            try FuzzFinding.unless(splitListing == listing, "\(way.map(\.count)): \(splitListing) against \(listing)")
            let splitReplies = Self.replies(way, wholeValueLimit: .max)
            try FuzzFinding.unless(splitReplies == replies, "\(way.map(\.count)): \(splitReplies) against \(replies)")
        }
        // A value that is cut short has a beginning in pieces and nothing as a whole: so much is the same.
        let pieces = Self.replies([bytes[...]], wholeValueLimit: 3)
        try FuzzFinding.unless(pieces.starts(with: replies.dropLast()), "in pieces: \(pieces) against \(replies)")
        try checkItem(bytes)
        try checkKeys(bytes)
    }

    private static func listing(_ pieces: [ArraySlice<UInt8>]) -> [String] {
        var parser = MetadumpParser()
        var input = ByteBuffer()
        var texts: [String] = []
        do throws(MemcachedError) {
            for piece in pieces {
                input.writeBytes(piece)
                while let event = try parser.next(&input) {
                    if case .entry(let entry) = event {
                        texts.append("\(Array(entry.key.readableBytesView)) \(entry.expiry ?? -2) \(entry.lastAccess)")
                    } else {
                        texts.append("\(event)")
                    }
                }
            }
        } catch {
            texts.append("error")
        }
        return texts
    }

    /// Pieces of a large value are put together.
    private static func replies(_ pieces: [ArraySlice<UInt8>], wholeValueLimit: Int) -> [String] {
        var parser = MetaReplyParser(wholeValueLimit: wholeValueLimit)
        var input = ByteBuffer()
        var texts: [String] = []
        var value = ByteBuffer()
        do throws(MemcachedError) {
            for piece in pieces {
                input.writeBytes(piece)
                while let reply = try parser.next(&input) {
                    switch reply {
                    case .value(let flags, let bytes): texts.append("\(flags) \(Array(bytes.readableBytesView))")
                    case .largeValue(let flags, _):
                        value = ByteBuffer()
                        texts.append("\(flags) ")
                    case .piece(let bytes, let isLast):
                        value.writeImmutableBuffer(bytes)
                        if isLast { texts[texts.count - 1] += "\(Array(value.readableBytesView))" }
                    default: texts.append("\(reply)")
                    }
                }
            }
        } catch {
            texts.append("error")
        }
        return texts
    }

    private static func checkItem(_ bytes: [UInt8]) throws {
        var body = ByteBuffer(bytes: bytes)
        guard let item = try? MemcachedItem(reading: &body) else { return }
        var again = ByteBuffer()
        item.write(to: &again)
        try FuzzFinding.unless(again.readableBytes <= MemcachedItem.maximumHeadByteCount, "a head of \(again)")
        again.writeImmutableBuffer(body)
        let isSame = try MemcachedItem(reading: &again) == item && again == body
        try FuzzFinding.unless(isSame, "\(item) is read as another")
    }

    /// A key that was written in Base64 is decoded to itself.
    private static func checkKeys(_ bytes: [UInt8]) throws {
        let key = ByteBuffer(bytes: bytes)
        var command = ByteBuffer()
        command.writeMetaGet(key, .base64, flags: "v")
        command.moveReaderIndex(forwardBy: 3)
        guard let text = command.readSlice(length: Base64Key.encodedByteCount(bytes.count)) else {
            throw FuzzFinding("a key in Base64 is too short")
        }
        try FuzzFinding.unless(Base64Key.decode(text) == key, "\(bytes) come back from Base64 as another key")
        _ = Base64Key.decode(key)
        _ = PercentKey.decode(key)
    }
}
