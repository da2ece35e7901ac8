package import NIOCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The lines of the text protocol: LF ends one, CR before it belongs to the end.
package enum ProtocolLine {
    /// No line of any reply or dump is longer: a key is at most 250 bytes, three characters each.
    package static let byteLimit = 8192

    /// The line at the reader index as offsets from it, and the bytes that it takes with its end; nil if its end has
    /// not come.
    static func range(
        in bytes: UnsafeRawBufferPointer
    ) throws(MemcachedError) -> (line: Range<Int>, byteCount: Int)? {
        let searched = min(bytes.count, byteLimit)
        guard let base = bytes.baseAddress, let found = memchr(base, 0x0A, searched) else {
            guard bytes.count < byteLimit else { throw .lineTooLong(limit: byteLimit) }
            return nil
        }
        let end = base.distance(to: UnsafeRawPointer(found))
        let isTwoBytes = end > 0 && bytes[end - 1] == 0x0D
        return (0..<(isTwoBytes ? end - 1 : end), end + 1)
    }

    /// Takes a whole line as text; nil if its end has not come.
    package static func read(_ input: inout ByteBuffer) throws(MemcachedError) -> String? {
        let taken = try input.withUnsafeReadableBytes { (bytes) throws(MemcachedError) -> (String, Int)? in
            guard let (line, byteCount) = try range(in: bytes) else { return nil }
            return (String(decoding: bytes[line], as: UTF8.self), byteCount)
        }
        guard let (text, byteCount) = taken else { return nil }
        input.moveReaderIndex(forwardBy: byteCount)
        return text
    }

    /// For messages: the line's words that can be no key, and no more than a few of them.
    static func shown(_ bytes: UnsafeRawBufferPointer) -> String {
        var text = ""
        for word in String(decoding: bytes.prefix(200), as: UTF8.self).split(separator: " ").prefix(8) {
            guard word.count <= 20, word.allSatisfy({ $0.isLetter && $0.isASCII || $0 == "_" }) else { break }
            text += (text.isEmpty ? "" : " ") + word
        }
        return text.isEmpty ? "…" : text
    }
}
