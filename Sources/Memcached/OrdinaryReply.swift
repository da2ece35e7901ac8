#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The reply to `mg <key> v k f t c l h u` as nearly every one is: the flags that were asked for, in that order, nothing
/// else, and the whole value behind them.
///
///     VA <size> k<key> f<flags> t<seconds> c<cas> l<seconds> h<0 or 1>
///
/// It is read where it lies, without a look for the end at each byte. Whatever is not exactly so is none of these:
/// `MetaReplyParser` tells what it is.
package struct OrdinaryReply {
    /// The flags of the command that is answered so.
    package static let flags: StaticString = "v k f t c l h u"
    /// A longer line is none of these: a key of 250 bytes and seven numbers of at most 20 characters.
    private static let lineByteLimit = 512

    package let clientFlags: UInt64
    /// -1 for an item without expiry.
    package let remainingSeconds: Int64
    package let cas: UInt64
    package let idleSeconds: UInt64
    package let wasHit: Bool
    /// The value; it lies in the bytes that were read.
    package let value: UnsafeRawBufferPointer
    /// Bytes of the reply with its line ends.
    package let byteCount: Int

    /// Reads the reply at `bytes`' start; nil if it is no ordinary one to the reading of `key`, or not whole.
    package init?(_ bytes: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, let wanted = key.baseAddress, key.count <= KeyForm.maximumKeyByteCount,
            bytes.count >= Self.lineByteLimit
        else { return nil }
        var line = RawDigits(start)
        guard line.skip("VA "), let size = line.number(), line.skip(" k"), memcmp(line.place, wanted, key.count) == 0
        else { return nil }
        line.advance(by: key.count)
        guard line.skip(" f"), let clientFlags = line.number(), line.skip(" t"),
            let remaining = line.signedNumber(), line.skip(" c"), let cas = line.number(), line.skip(" l"),
            let idle = line.number(), line.skip(" h"), let hit = line.number(), line.skip("\r\n")
        else { return nil }
        let head = start.distance(to: UnsafeRawPointer(line.place))
        guard size <= UInt64(bytes.count), bytes.count - head >= Int(size) + 2 else { return nil }
        let end = line.place + Int(size)
        guard end[0] == 0x0D, end[1] == 0x0A else { return nil }
        self.clientFlags = clientFlags
        remainingSeconds = remaining
        self.cas = cas
        idleSeconds = idle
        wasHit = hit != 0
        value = UnsafeRawBufferPointer(start: line.place, count: Int(size))
        byteCount = head + Int(size) + 2
    }
}
