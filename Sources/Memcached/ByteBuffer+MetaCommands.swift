package import NIOCore

// Meta commands as servers expect them: a line, and after `ms` the value. Nothing here allocates but the buffer's growth.

extension ByteBuffer {
    /// `mg <key> <flags>`: each flag is a letter, with spaces between; `b` is added where the form needs it.
    package mutating func writeMetaGet(_ key: ByteBuffer, _ form: KeyForm, flags: StaticString, opaque: Int? = nil) {
        writeStaticString("mg ")
        writeMetaKey(key, form)
        writeInteger(0x20 as UInt8)
        writeStaticString(flags)
        if form == .base64 { writeStaticString(" b") }
        if let opaque {
            writeStaticString(" O")
            writeMetaNumber(UInt64(opaque))
        }
        writeLineEnd()
    }

    /// The line of `ms`; the value and `writeLineEnd` must follow.
    ///
    /// - Parameters:
    ///   - key: the key's bytes
    ///   - form: how the key is written
    ///   - valueByteCount: bytes of the value
    ///   - clientFlags: the item's flags
    ///   - exptime: as the protocol means it: 0 never, up to 30 days in seconds from now, above that Unix seconds
    ///   - cas: the CAS value that the item is to have; nil for the server's own
    ///   - flags: further flags with spaces between, such as `q MA`; may be empty
    ///   - opaque: comes back in the reply
    package mutating func writeMetaSet(
        _ key: ByteBuffer,
        _ form: KeyForm,
        valueByteCount: Int,
        clientFlags: UInt64,
        exptime: Int64,
        cas: UInt64? = nil,
        flags: StaticString = "",
        opaque: Int? = nil
    ) {
        writeStaticString("ms ")
        writeMetaKey(key, form)
        writeInteger(0x20 as UInt8)
        writeMetaNumber(UInt64(valueByteCount))
        if form == .base64 { writeStaticString(" b") }
        if clientFlags != 0 {
            writeStaticString(" F")
            writeMetaNumber(clientFlags)
        }
        writeStaticString(" T")
        if exptime < 0 { writeInteger(0x2D as UInt8) }
        writeMetaNumber(exptime.magnitude)
        if let cas {
            writeStaticString(" E")
            writeMetaNumber(cas)
        }
        if flags.utf8CodeUnitCount > 0 {
            writeInteger(0x20 as UInt8)
            writeStaticString(flags)
        }
        if let opaque {
            writeStaticString(" O")
            writeMetaNumber(UInt64(opaque))
        }
        writeLineEnd()
    }

    /// `md <key> I C<cas>`: marks the item as stale if it still has that CAS value.
    ///
    /// `newCAS` is the one that it is to have then, nil for the server's own. `flags` are further ones, each with a space
    /// in front.
    package mutating func writeMetaInvalidate(
        _ key: ByteBuffer,
        _ form: KeyForm,
        ifCAS cas: UInt64,
        newCAS: UInt64?,
        flags: StaticString = ""
    ) {
        writeStaticString("md ")
        writeMetaKey(key, form)
        if form == .base64 { writeStaticString(" b") }
        writeStaticString(flags)
        writeStaticString(" I C")
        writeMetaNumber(cas)
        if let newCAS {
            writeStaticString(" E")
            writeMetaNumber(newCAS)
        }
        writeLineEnd()
    }

    /// `mn`: answered by `MN` when all before it has been done.
    package mutating func writeMetaNoop() {
        writeStaticString("mn\r\n")
    }

    /// The end of a line or of a value.
    package mutating func writeLineEnd() {
        writeInteger(0x0D0A as UInt16)
    }

    /// The key; the flag `b` is the caller's.
    private mutating func writeMetaKey(_ key: ByteBuffer, _ form: KeyForm) {
        switch form {
        case .text: writeImmutableBuffer(key)
        case .base64: key.withUnsafeReadableBytes { Base64Key.encode($0, to: &self) }
        }
    }

    /// Appends a number in decimal.
    package mutating func writeMetaNumber(_ value: UInt64) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: 20) { output in
            var count = 1
            var bound: UInt64 = 10
            while count < 20, value >= bound {
                count += 1
                let (next, overflow) = bound.multipliedReportingOverflow(by: 10)
                if overflow { break }
                bound = next
            }
            var rest = value
            for index in stride(from: count - 1, through: 0, by: -1) {
                output[index] = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
                rest /= 10
            }
            return count
        }
    }
}
