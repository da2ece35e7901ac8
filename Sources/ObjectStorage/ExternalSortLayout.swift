#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Where the records of a sort have their keys, and how many bytes they take.
///
/// A record of a sort of different sizes begins with two numbers, in the machine's byte order:
///
/// | offset | bytes | what |
/// |---|---|---|
/// | 0 | 4 | bytes of the record, these eight included |
/// | 4 | 4 | bytes of the key |
/// | 8 | … | the key, then anything |
package struct ExternalSortLayout: Sendable {
    /// Bytes in front of the key of a record that tells its own size.
    package static let variableHeadByteCount = 8

    /// Of each record; 0 where each tells its own.
    private let recordByteCount: Int
    private let keyByteCount: Int
    /// The most bytes of a record.
    let largestRecordByteCount: Int

    static func fixed(recordByteCount: Int, keyByteCount: Int) -> Self {
        Self(recordByteCount: recordByteCount, keyByteCount: keyByteCount, largestRecordByteCount: recordByteCount)
    }

    static func variable(largestRecordByteCount: Int) -> Self {
        Self(recordByteCount: 0, keyByteCount: 0, largestRecordByteCount: largestRecordByteCount)
    }

    var isFixed: Bool { recordByteCount > 0 }

    /// The least that a record takes, for the size of what is kept beside each.
    var smallestRecordByteCount: Int { isFixed ? recordByteCount : Self.variableHeadByteCount }

    @inline(__always)
    func byteCount(of record: UnsafeRawPointer) -> Int {
        recordByteCount > 0 ? recordByteCount : Int(record.loadUnaligned(as: UInt32.self))
    }

    /// Whether `availableByteCount` bytes from `record` on hold all of it.
    @inline(__always)
    func isWhole(_ record: UnsafeRawPointer, availableByteCount: Int) -> Bool {
        availableByteCount >= smallestRecordByteCount && availableByteCount >= byteCount(of: record)
    }

    /// The first eight bytes of a record's key as a number that compares as they do; a shorter key counts as if zeros
    /// followed.
    @inline(__always)
    func prefix(of record: UnsafeRawPointer) -> UInt64 {
        guard recordByteCount == 0 else { return UInt64(bigEndian: record.loadUnaligned(as: UInt64.self)) }
        let key = record + Self.variableHeadByteCount
        let count = variableKeyByteCount(record)
        guard count < 8 else { return UInt64(bigEndian: key.loadUnaligned(as: UInt64.self)) }
        var prefix: UInt64 = 0
        for index in 0..<count {
            prefix |= UInt64(key.load(fromByteOffset: index, as: UInt8.self)) << UInt64(56 - 8 * index)
        }
        return prefix
    }

    /// Negative, 0 or positive as `left`'s key is before, the same as or behind `right`'s; their prefixes are equal.
    @inline(__always)
    func compareBehindPrefix(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer) -> Int {
        guard recordByteCount == 0 else { return Int(memcmp(left + 8, right + 8, keyByteCount - 8)) }
        let (leftCount, rightCount) = (variableKeyByteCount(left), variableKeyByteCount(right))
        let head = Self.variableHeadByteCount
        let comparison = memcmp(left + head, right + head, min(leftCount, rightCount))
        return comparison != 0 ? Int(comparison) : leftCount - rightCount
    }

    @inline(__always)
    private func variableKeyByteCount(_ record: UnsafeRawPointer) -> Int {
        Int(record.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
    }
}
