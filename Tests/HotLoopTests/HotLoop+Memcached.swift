import Capture
import Memcached
import NIOCore

extension HotLoop {
    /// The lines of a walk, packed until their values are read.
    static func parseListedItems(_ itemCount: Int) -> Run {
        let lines = (0..<itemCount).map { number in
            "key=session%3A\(number) exp=\(number % 2 == 0 ? -1 : 1_700_000_000 + number) la=1690000000 "
                + "cas=\(number) fetch=no cls=3 size=120 flags=0\n"
        }
        let buffer = ByteBuffer(string: lines.joined())
        return {
            var parser = MetadumpParser()
            var input = buffer
            var packed = ByteBuffer()
            packed.reserveCapacity(1 << 20)
            var count = 0
            while case .entry(let listed) = try parser.next(&input) {
                if packed.readableBytes > 1 << 19 { packed.clear() }
                CrawlEntry(listed)?.write(to: &packed)
                count += 1
            }
            try expect(count, of: itemCount, "the walk")
        }
    }

    /// Answers to `mg`.
    static func parseItems(_ itemCount: Int) -> Run {
        let replies = (0..<itemCount).map { number in
            "VA 20 ksession:\(number) f0 t\(number % 2 == 0 ? -1 : 3600) c\(number) l7 h1\r\n"
                + String(repeating: "v", count: 20) + "\r\n"
        }
        let buffer = ByteBuffer(string: replies.joined())
        return {
            var parser = MetaReplyParser()
            var input = buffer
            var count = 0
            while let reply = try parser.next(&input) {
                if case .value = reply { count += 1 }
            }
            try expect(count, of: itemCount, "the parser")
        }
    }

    /// `ms` for each item of a restore.
    static func writeItems(_ itemCount: Int) -> Run {
        let keys = (0..<itemCount).map { ByteBuffer(string: "session:\($0)") }
        let value = ByteBuffer(repeating: 0x76, count: 20)
        return {
            var output = ByteBuffer()
            output.reserveCapacity(1 << 20)
            for (number, key) in keys.enumerated() {
                if output.readableBytes > 1 << 19 { output.clear() }
                output.writeMetaSet(
                    key,
                    .text,
                    valueByteCount: value.readableBytes,
                    clientFlags: 0,
                    exptime: 1_700_000_000,
                    cas: UInt64(number),
                    flags: "q",
                    opaque: number
                )
                output.writeImmutableBuffer(value)
                output.writeLineEnd()
            }
        }
    }
}
