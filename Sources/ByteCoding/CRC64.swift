import CFolding

/// The CRC-64 of Redis and Valkey: polynomial of Jones 0xad93d23594c935a9, reflected, start 0, no final inversion.
///
/// The check value, the CRC of "123456789", is 0xe9c6d914c4b8d9ca (redis/redis `src/crc64.c`).
///
/// ```
/// 128 bytes and more, on processors with carry-less multiplication: folded into the last 16 whole bytes, see CFolding
/// 3 KiB and more, on others: three lanes side by side, 16 bytes a step each (slicing by 16); their remainders are joined
///                 by moving the earlier ones over the later lanes' bytes with a table
/// the rest:       16 bytes a step, then byte by byte
/// ```
package struct CRC64: Hashable, Sendable {
    /// The CRC of all bytes so far.
    package private(set) var value: UInt64

    package init() {
        value = 0
    }

    /// Goes on from a CRC that was computed before.
    package init(resuming value: UInt64) {
        self.value = value
    }

    package static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var crc = CRC64()
        crc.update(bytes)
        return crc.value
    }

    package mutating func update(_ span: RawSpan) {
        span.withUnsafeBytes { update($0) }
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        update(bytes, folding: true)
    }

    /// The same; not `folding` leaves the processor's instruction alone, for tests.
    package mutating func update(_ bytes: UnsafeRawBufferPointer, folding: Bool) {
        guard let start = bytes.baseAddress else { return }
        var takenByteCount = 0
        if folding, bytes.count >= CRC64Tables.foldedByteCount, CRC64Tables.shared.canFold {
            takenByteCount = updateFolding(start, bytes.count)
        } else if bytes.count >= 3 * CRC64Tables.laneByteCount {
            takenByteCount = updateLanes(start, bytes.count)
        }
        updateSteps(start + takenByteCount, bytes.count - takenByteCount)
    }

    /// Takes as many bytes as are a multiple of 16; returns how many.
    private mutating func updateFolding(_ start: UnsafeRawPointer, _ count: Int) -> Int {
        let foldedCount = count & ~15
        var powers = CRC64Tables.shared.powers
        var last: (UInt64, UInt64) = (0, 0)
        withUnsafeMutableBytes(of: &last) { last in
            guard let last = last.baseAddress else { return }
            rewarm_fold(value, start, foldedCount, &powers, last.assumingMemoryBound(to: UInt8.self))
            value = Self.step(0, last, CRC64Tables.shared.base)
        }
        return foldedCount
    }

    /// Takes as many bytes as fill the three lanes; returns how many.
    private mutating func updateLanes(_ start: UnsafeRawPointer, _ count: Int) -> Int {
        let tables = CRC64Tables.shared.base
        let lanes = CRC64Tables.lanes
        let lane = CRC64Tables.laneByteCount
        var next = start
        var left = count
        var crc = value
        while left >= 3 * lane {
            var second: UInt64 = 0
            var third: UInt64 = 0
            for offset in stride(from: 0, to: lane, by: 16) {
                crc = Self.step(crc, next + offset, tables)
                second = Self.step(second, next + lane + offset, tables)
                third = Self.step(third, next + 2 * lane + offset, tables)
            }
            crc = Self.moved(Self.moved(crc, lanes) ^ second, lanes) ^ third
            next += 3 * lane
            left -= 3 * lane
        }
        value = crc
        return count - left
    }

    /// 16 bytes a step, then byte by byte.
    private mutating func updateSteps(_ start: UnsafeRawPointer, _ count: Int) {
        let tables = CRC64Tables.shared.base
        var next = start
        var left = count
        var crc = value
        while left >= 16 {
            crc = Self.step(crc, next, tables)
            next += 16
            left -= 16
        }
        while left > 0 {
            crc = crc >> 8 ^ tables[Int((crc ^ UInt64(next.load(as: UInt8.self))) & 0xFF)]
            next += 1
            left -= 1
        }
        value = crc
    }

    /// Takes the last bytes back: after `update(bytes)`, `rewind(bytes)` gives the value from before.
    ///
    /// The highest byte of each entry of the byte table is unique, so a step can be undone; about one byte per ns.
    package mutating func rewind(_ bytes: UnsafeRawBufferPointer) {
        let shared = CRC64Tables.shared
        var crc = value
        for byte in bytes.reversed() {
            let index = shared.inverse[Int(crc >> 56)]
            crc = (crc ^ shared.base[Int(index)]) << 8 | UInt64(index ^ byte)
        }
        value = crc
    }

    /// The remainder over 16 more bytes.
    @inline(__always)
    private static func step(_ crc: UInt64, _ bytes: UnsafeRawPointer, _ tables: UnsafePointer<UInt64>) -> UInt64 {
        let first = crc ^ UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        let second = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        return sliced(first, tables + 8 * 256) ^ sliced(second, tables)
    }

    /// The remainder after as many zero bytes as a lane has.
    @inline(__always)
    private static func moved(_ crc: UInt64, _ lanes: UnsafePointer<UInt64>) -> UInt64 {
        var result: UInt64 = 0
        for byte in 0..<8 {
            result ^= lanes[256 * byte + Int(crc >> UInt64(8 * byte) & 0xFF)]
        }
        return result
    }

    /// Eight table look-ups: the lowest byte is the one that the most bytes follow.
    @inline(__always)
    private static func sliced(_ word: UInt64, _ tables: UnsafePointer<UInt64>) -> UInt64 {
        let low =
            tables[7 * 256 + Int(word & 0xFF)] ^ tables[6 * 256 + Int(word >> 8 & 0xFF)]
            ^ tables[5 * 256 + Int(word >> 16 & 0xFF)] ^ tables[4 * 256 + Int(word >> 24 & 0xFF)]
        let high =
            tables[3 * 256 + Int(word >> 32 & 0xFF)] ^ tables[2 * 256 + Int(word >> 40 & 0xFF)]
            ^ tables[256 + Int(word >> 48 & 0xFF)] ^ tables[Int(word >> 56)]
        return low ^ high
    }
}
