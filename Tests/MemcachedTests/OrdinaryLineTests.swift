import Memcached
import NIOCore
import TestSupport
import Testing

/// The short way for the lines that nearly all are: it says what the parsers say, or nothing.
struct OrdinaryLineTests {
    /// Behind what is read there are more bytes than a line can have.
    private static let behind = [UInt8](repeating: 0x45, count: 1024)

    // MARK: Replies

    private static func reply(_ bytes: [UInt8], key: [UInt8]) -> (reply: OrdinaryReply, value: [UInt8])? {
        bytes.withUnsafeBytes { bytes in
            key.withUnsafeBytes { key in OrdinaryReply(bytes, key: key).map { ($0, Array($0.value)) } }
        }
    }

    /// Whether the parser reads the same from the same bytes; true where the short way says nothing.
    private static func parserAgrees(_ bytes: [UInt8], key: [UInt8]) throws -> Bool {
        guard let (found, value) = reply(bytes, key: key) else { return true }
        var parser = MetaReplyParser()
        var input = ByteBuffer(bytes: bytes)
        guard case .value(let flags, let expected) = try parser.next(&input) else { return false }
        return flags.clientFlags == found.clientFlags && flags.remainingSeconds == found.remainingSeconds
            && flags.cas == found.cas && flags.idleSeconds == found.idleSeconds && flags.wasHit == found.wasHit
            && flags.key == ByteBuffer(bytes: key) && flags.marks == [] && value == Array(expected.readableBytesView)
            && bytes.count - input.readableBytes == found.byteCount
    }

    @Test func `an ordinary reply is read as the parser reads it, with every byte that changes as well`() throws {
        var random = SeededGenerator.fromEnvironment("ordinary replies", fallback: 71)
        for _ in 0..<60 {
            let key = random.bytes(Int.random(in: 1...20, using: &random)).map { $0 % 94 + 0x21 }
            let value = random.bytes(Int.random(in: 0...40, using: &random))
            let remaining = Bool.random(using: &random) ? -1 : Int64.random(in: 0...1 << 33, using: &random)
            let clientFlags = UInt32.random(in: 0 ... .max, using: &random)
            let cas = UInt64.random(in: 0...1 << 62, using: &random)
            let idle = UInt32.random(in: 0...9, using: &random)
            let hit = Int.random(in: 0...1, using: &random)
            let flags = " f\(clientFlags) t\(remaining) c\(cas) l\(idle) h\(hit)\r\n"
            let head = Array("VA \(value.count) k".utf8) + key + Array(flags.utf8)
            let whole = head + value + [0x0D, 0x0A]
            let found = try #require(Self.reply(whole + Self.behind, key: key))
            #expect(found.value == value && found.reply.byteCount == whole.count)
            #expect(try Self.parserAgrees(whole + Self.behind, key: key))
            #expect(Self.reply(Array(whole.dropLast()), key: key) == nil, "a reply that is cut")
            for index in whole.indices {
                for byte in [UInt8(0x20), 0x0D, 0x0A, 0x2D, 0x39, 0x57, whole[index] &+ 1] {
                    var changed = whole + Self.behind
                    changed[index] = byte
                    let agrees = (try? Self.parserAgrees(changed, key: key)) ?? false
                    #expect(agrees, "\(changed.prefix(whole.count)) with byte \(index)")
                }
            }
        }
    }

    @Test(arguments: [
        "VA 1 kab f0 t-1 c1 l0 h0\r\nx\r\n", "VA 1 ka f0 t-1 c1 l0 h0 W\r\nx\r\n", "EN\r\n", "ERROR\r\n",
        "VA 1 kYQ== f0 t-1 c1 l0 h0 b\r\nx\r\n", "VA 1 f0 t-1 c1 l0 h0 O3\r\nx\r\n",
        "VA 1 ka f0 t-1 c99999999999999999999 l0 h0\r\nx\r\n",
        "VA 1 ka f0 t-1 c1 l0 h0\r\nxy\r\n", "VA 18446744073709551615 ka f0 t-1 c1 l0 h0\r\nx\r\n",
    ]) func `a reply that is anything else is left to the parser`(text: String) {
        #expect(Self.reply(Array(text.utf8) + Self.behind, key: Array("a".utf8)) == nil)
    }

    // MARK: Listings

    private static func listing(_ bytes: [UInt8]) -> (line: OrdinaryListing, key: [UInt8])? {
        var key = [UInt8](repeating: 0, count: KeyForm.maximumKeyByteCount)
        let line = bytes.withUnsafeBytes { bytes in
            key.withUnsafeMutableBytes { key in key.baseAddress.flatMap { OrdinaryListing(bytes, keyTo: $0) } }
        }
        return line.map { ($0, Array(key.prefix($0.keyByteCount))) }
    }

    private static func parserAgrees(_ bytes: [UInt8]) throws -> Bool {
        guard let (line, key) = listing(bytes) else { return true }
        var parser = MetadumpParser()
        var input = ByteBuffer(bytes: bytes)
        guard case .entry(let entry) = try parser.next(&input) else { return false }
        return Array(entry.key.readableBytesView) == key && entry.expiry ?? -1 == line.expiry
            && entry.lastAccess == line.lastAccess && UInt64(entry.slabClass) == line.slabClass
            && entry.storedByteCount == line.storedByteCount && bytes.count - input.readableBytes == line.byteCount
    }

    @Test(arguments: [
        "key=a%20b%0d%0a%25 exp=-1 la=1795290029 cas=7 fetch=no cls=2 size=104\n",
        "key=plain exp=1795293634 la=1795290030 cas=1844674407370955161 fetch=yes cls=63 size=1048576\n",
        "key=k1 exp=1795293634 la=1795290030 cas=3 fetch=yes cls=1 size=70 flags=4294967295 \n",
        "key=" + String(repeating: "%ff", count: 250) + " exp=-1 la=1 cas=1 fetch=no cls=1 size=1\n",
    ]) func `an ordinary line of a listing is read as the parser reads it, with every byte that changes as well`(
        text: String
    ) throws {
        let whole = Array(text.utf8)
        #expect(Self.listing(whole + Self.behind)?.line.byteCount == whole.count)
        #expect(try Self.parserAgrees(whole + Self.behind))
        for index in whole.indices {
            for byte in [UInt8(0x00), 0x20, 0x25, 0x0A, 0x2D, 0x39, whole[index] &+ 1] {
                var changed = whole + Self.behind
                changed[index] = byte
                // What the parser refuses, the short way has not read.
                let agrees = (try? Self.parserAgrees(changed)) ?? false
                #expect(agrees, "\(String(decoding: changed.prefix(whole.count), as: UTF8.self)) with byte \(index)")
            }
        }
    }

    @Test(arguments: [
        "key= exp=-1 la=1 cas=1 fetch=no cls=1 size=1\n", "key=%4 exp=-1 la=1 cas=1 fetch=no cls=1 size=1\n",
        "key=a exp=1 la=1 cas=18446744073709551615 fetch=no cls=1 size=1\n", "key=a exp=1\n", "END\r\n", "OK\r\n",
        "key=k2 exp=-1 la=5 cas=0 fetch=no cls=5 size=300 flags=0 ext_page=3 ext_offset=4096 \n",
        "key=" + String(repeating: "a", count: 251) + " exp=-1 la=1 cas=1 fetch=no cls=1 size=1\n",
    ]) func `a line that is anything else is left to the parser`(text: String) {
        #expect(Self.listing(Array(text.utf8) + Self.behind) == nil)
    }
}
