import Memcached
import NIOCore
import TestSupport
import Testing

/// The listing of `lru_crawler metadump`.
struct MetadumpParserTests {
    /// As memcached 1.6.18 and 1.6.45 write it.
    static let older = """
        key=a%20b%0d%0a%25 exp=-1 la=1795290029 cas=7 fetch=no cls=2 size=104
        key=plain exp=1795293634 la=1795290030 cas=18446744073709551615 fetch=yes cls=63 size=1048576
        END\r

        """
    static let newer = """
        OK\r
        key=k1 exp=1795293634 la=1795290030 cas=3 fetch=yes cls=1 size=70 flags=4294967295\u{20}
        key=k2 exp=-1 la=5 cas=0 fetch=no cls=5 size=300 flags=0 ext_page=3 ext_offset=4096\u{20}
        END\r

        """

    static func events(_ pieces: [some Sequence<UInt8>]) throws -> [MetadumpParser.Event] {
        var parser = MetadumpParser()
        var input = ByteBuffer()
        var events: [MetadumpParser.Event] = []
        for piece in pieces {
            input.writeBytes(piece)
            while let event = try parser.next(&input) { events.append(event) }
        }
        return events
    }

    @Test func `lines of older servers are parsed, and keys decoded`() throws {
        let events = try Self.events([Array(Self.older.utf8)])
        #expect(
            events == [
                .entry(
                    MetadumpEntry(
                        key: ByteBuffer(string: "a b\r\n%"),
                        lastAccess: 1_795_290_029,
                        cas: 7,
                        slabClass: 2,
                        storedByteCount: 104
                    )
                ),
                .entry(
                    MetadumpEntry(
                        key: ByteBuffer(string: "plain"),
                        expiry: 1_795_293_634,
                        lastAccess: 1_795_290_030,
                        cas: .max,
                        isFetched: true,
                        slabClass: 63,
                        storedByteCount: 1_048_576
                    )
                ),
                .end,
            ]
        )
    }

    @Test func `newer servers say OK first, tell the flags, and where external storage has the value`() throws {
        let events = try Self.events([Array(Self.newer.utf8)])
        guard case .entry(let first) = events[0], case .entry(let second) = events[1] else {
            Issue.record("\(events)")
            return
        }
        #expect(events.count == 3 && events[2] == .end)
        #expect(first.clientFlags == 0xFFFF_FFFF && !first.isExternal)
        #expect(second.clientFlags == 0 && second.isExternal && second.lastAccess == 5)
    }

    @Test(arguments: [older, newer]) func `a listing cut anywhere gives the same events`(text: String) throws {
        let bytes = Array(text.utf8)
        let whole = try Self.events([bytes])
        for cut in 1..<bytes.count {
            #expect(try Self.events([bytes[..<cut], bytes[cut...]]) == whole, "cut at \(cut)")
        }
        #expect(try Self.events(bytes.map { [$0] }) == whole, "byte by byte")
    }

    @Test(arguments: [
        ("BUSY currently processing crawler request", MetadumpParser.Refusal.busy),
        ("BADCLASS invalid class id", .badClass),
        ("ERROR locked try again later", .locked),
        ("ERROR metadump not allowed", .notAllowed),
        ("CLIENT_ERROR lru crawler disabled", .crawlerDisabled),
        ("ERROR", .other("ERROR")),
        ("SERVER_ERROR out of memory", .other("SERVER_ERROR out of memory")),
    ]) func `a server that does not list says why`(line: String, refusal: MetadumpParser.Refusal) throws {
        #expect(try Self.events([Array((line + "\r\n").utf8)]) == [.refused(refusal)])
        // The hash table may begin to grow after OK.
        #expect(try Self.events([Array(("OK\r\n" + line + "\r\n").utf8)]) == [.refused(refusal)])
    }

    @Test func `a server without items has nothing to walk over`() throws {
        #expect(try Self.events([Array("END\r\n".utf8)]) == [.end])
        #expect(try Self.events([Array("NOTSTARTED no items to crawl\r\n".utf8)]) == [.end])
    }

    @Test(arguments: [
        "key= exp=-1 la=1 cas=1 fetch=no cls=1 size=1\n",
        "key=%4 exp=-1 la=1 cas=1 fetch=no cls=1 size=1\n",
        "key=%zz exp=-1 la=1 cas=1 fetch=no cls=1 size=1\n",
        "key=a exp= la=1 cas=1 fetch=no cls=1 size=1\n",
        "key=a exp=1x la=1 cas=1 fetch=no cls=1 size=1\n",
        "key=a exp=1 la=1 cas=18446744073709551616 fetch=no cls=1 size=1\n",
        "key=a exp=1\n",
        "STAT items:1:number 3\r\n",
        "OK\r\nOK\r\n",
    ]) func `what is no listing is refused`(text: String) {
        #expect(throws: MemcachedError.self) { try Self.events([Array(text.utf8)]) }
    }

    @Test func `a line that never ends is refused before it takes memory`() {
        let endless = [UInt8](repeating: 0x61, count: ProtocolLine.byteLimit)
        #expect(throws: MemcachedError.lineTooLong(limit: ProtocolLine.byteLimit)) {
            try Self.events([Array("key=".utf8) + endless])
        }
    }
}
