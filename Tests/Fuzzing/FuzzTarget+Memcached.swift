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
        try checkOrdinary(bytes)
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

    /// What the short ways read is what the parsers read.
    private static func checkOrdinary(_ bytes: [UInt8]) throws {
        let padded = bytes + [UInt8](repeating: 0x45, count: 1024)
        var key = [UInt8](repeating: 0, count: KeyForm.maximumKeyByteCount)
        let line = padded.withUnsafeBytes { bytes in
            key.withUnsafeMutableBytes { key in key.baseAddress.flatMap { OrdinaryListing(bytes, keyTo: $0) } }
        }
        if let line {
            let expiry = line.expiry == -1 ? -2 : line.expiry
            let text = "\(Array(key.prefix(line.keyByteCount))) \(expiry) \(line.lastAccess)"
            let told = listing([padded[..<line.byteCount]])
            try FuzzFinding.unless(told == [text], "\(text) against \(told)")
        }
        // The key that a reply names, as if it had been asked for.
        guard let start = bytes.firstIndex(of: UInt8(ascii: "k")) else { return }
        let named = Array(bytes[(start + 1)...].prefix { $0 != 0x20 })
        let value = padded.withUnsafeBytes { bytes in
            named.withUnsafeBytes { key in OrdinaryReply(bytes, key: key).map { ($0.byteCount, Array($0.value)) } }
        }
        if let (byteCount, value) = value {
            let told = replies([padded[..<byteCount]], wholeValueLimit: .max)
            try FuzzFinding.unless(told.count == 1 && told[0].hasSuffix(" \(value)"), "\(value) against \(told)")
        }
    }
}
