/// A line of `lru_crawler metadump` as nearly every one is: these fields in this order.
///
///     key=… exp=… la=… cas=… fetch=yes|no cls=… size=… [flags=…]
///
/// It is read where it lies, without a look for the end at each byte. Whatever is not exactly so is none of these:
/// `MetadumpParser` tells what it is.
package struct OrdinaryListing {
    /// A longer line is none of these: a key of 250 bytes, each as three characters, and the numbers.
    private static let lineByteLimit = 1024

    package let keyByteCount: Int
    /// -1 for an item without expiry.
    package let expiry: Int64
    package let lastAccess: Int64
    package let slabClass: UInt64
    package let storedByteCount: UInt64
    /// Bytes of the line with its end.
    package let byteCount: Int

    /// Reads the line at `bytes`' start; nil if it is no ordinary one, or not whole.
    ///
    /// The key's bytes are written to `target`, which has room for `KeyForm.maximumKeyByteCount`.
    package init?(_ bytes: UnsafeRawBufferPointer, keyTo target: UnsafeMutableRawPointer) {
        guard let start = bytes.baseAddress, bytes.count >= Self.lineByteLimit else { return nil }
        var line = RawDigits(start)
        guard line.skip("key="), let keyByteCount = Self.decodeKey(&line, to: target), line.skip(" exp="),
            let expiry = line.signedNumber(), line.skip(" la="), let lastAccess = line.signedNumber(),
            line.skip(" cas="), line.number() != nil, line.skip(" fetch="), line.skip("no") || line.skip("yes"),
            line.skip(" cls="), let slabClass = line.number(), line.skip(" size="), let stored = line.number()
        else { return nil }
        // Since 1.6.24, with a space behind.
        if line.skip(" flags=") { guard line.number() != nil else { return nil } }
        _ = line.skip(" ")
        guard line.skip("\n") else { return nil }
        self.keyByteCount = keyByteCount
        self.expiry = expiry
        self.lastAccess = lastAccess
        self.slabClass = slabClass
        storedByteCount = stored
        byteCount = start.distance(to: UnsafeRawPointer(line.place))
    }

    /// Writes the bytes of a key in percent-encoding up to the space behind it; nil if it is none.
    @inline(__always)
    private static func decodeKey(_ line: inout RawDigits, to target: UnsafeMutableRawPointer) -> Int? {
        var count = 0
        while true {
            let byte = line.place.pointee
            guard byte != 0x20 else { return count > 0 ? count : nil }
            guard count < KeyForm.maximumKeyByteCount else { return nil }
            switch byte {
            case 0x25:
                guard let high = PercentKey.digit(line.place[1]), let low = PercentKey.digit(line.place[2]) else {
                    return nil
                }
                target.storeBytes(of: high << 4 | low, toByteOffset: count, as: UInt8.self)
                line.advance(by: 3)
            // Control characters, line ends among them.
            case 0..<0x20: return nil
            default:
                target.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
                line.advance(by: 1)
            }
            count += 1
        }
    }
}
