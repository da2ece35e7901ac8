/// LZF, the compression of strings in RDB files (liblzf's format, as redis/redis `src/lzf_d.c` reads it).
///
/// ```
/// 000nnnnn                    n + 1 literal bytes follow (1 to 32)
/// lllddddd dddddddd           copy l + 2 bytes (3 to 8) from d + 1 bytes back (1 to 8192), l = 1 to 6
/// 111ddddd nnnnnnnn dddddddd  copy n + 9 bytes (9 to 264) from d + 1 bytes back
/// ```
package enum LZF {
    /// How far back a copy reaches at most, in bytes.
    package static let windowByteCount = 8192
    /// Output bytes that one input byte can stand for at most: 264 for 3.
    ///
    /// Bounds what a length may claim.
    package static let maximumRatio = 88

    /// Decompresses `input` wholly into `output`.
    /// - Returns: false if the input is malformed or does not give exactly `output.count` bytes.
    package static func decompress(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) -> Bool {
        guard var next = input.baseAddress, let start = output.baseAddress else {
            return input.isEmpty && output.isEmpty
        }
        let end = next + input.count
        let outputEnd = start + output.count
        var write = start
        while next < end {
            let control = Int(next.load(as: UInt8.self))
            next += 1
            if control < 32 {
                let count = control + 1
                guard end - next >= count, outputEnd - write >= count else { return false }
                if end - next >= 32, outputEnd - write >= 32 {
                    copy16(from: next, to: write)
                    copy16(from: next + 16, to: write + 16)
                } else {
                    write.copyMemory(from: next, byteCount: count)
                }
                next += count
                write += count
                continue
            }
            var count = control >> 5
            if count == 7 {
                guard next < end else { return false }
                count += Int(next.load(as: UInt8.self))
                next += 1
            }
            count += 2
            guard next < end else { return false }
            let distance = (control & 0x1F) << 8 + Int(next.load(as: UInt8.self)) + 1
            next += 1
            guard write - start >= distance, outputEnd - write >= count else { return false }
            repeatBytes(at: write, distance: distance, count: count, limit: outputEnd)
            write += count
        }
        return write == outputEnd
    }

    /// Copies `count` bytes from `distance` bytes back, byte after byte in effect: the two ranges may overlap.
    @inline(__always)
    private static func repeatBytes(
        at write: UnsafeMutableRawPointer,
        distance: Int,
        count: Int,
        limit: UnsafeMutableRawPointer
    ) {
        let source = UnsafeRawPointer(write) - distance
        if distance >= 16, limit - write >= count + 16 {
            var offset = 0
            repeat {
                copy16(from: source + offset, to: write + offset)
                offset += 16
            } while offset < count
        } else if distance >= 8, limit - write >= count + 8 {
            var offset = 0
            repeat {
                let word = source.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                write.storeBytes(of: word, toByteOffset: offset, as: UInt64.self)
                offset += 8
            } while offset < count
        } else if distance == 1 {
            write.initializeMemory(as: UInt8.self, repeating: source.load(as: UInt8.self), count: count)
        } else {
            for offset in 0..<count {
                write.storeBytes(
                    of: source.load(fromByteOffset: offset, as: UInt8.self),
                    toByteOffset: offset,
                    as: UInt8.self
                )
            }
        }
    }

    @inline(__always)
    private static func copy16(from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer) {
        target.storeBytes(of: source.loadUnaligned(as: SIMD16<UInt8>.self), as: SIMD16<UInt8>.self)
    }
}
