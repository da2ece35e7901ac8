import ByteCoding
import NIOCore
package import ObjectStorage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A key that at least one side has.
package struct ComparisonPair: Hashable, Sendable {
    package var left: ComparisonEntry?
    package var right: ComparisonEntry?

    package init(left: ComparisonEntry?, right: ComparisonEntry?) {
        self.left = left
        self.right = right
    }
}

/// Merges two sides: every key that is on either, once, by database and key.
///
/// The order is that of the keys' bytes, a shorter key before its continuations; keys that are equal in their first
/// 16 KiB come in an order of their own.
package struct ComparisonRun: ~Copyable {
    private var left: ComparisonSideReader
    private var right: ComparisonSideReader
    private var nextLeft: ComparisonEntry?
    private var nextRight: ComparisonEntry?
    private let secret: SipHasher.Secret

    package init(left: consuming ComparisonSide, right: consuming ComparisonSide) throws(ObjectStoreError) {
        precondition(left.secret == right.secret, "the sides of a comparison have the same secret")
        secret = left.secret
        // Both or none: a value that cannot be copied is not made by halves.
        var leftReader = try left.finish()
        var rightReader = try right.finish()
        nextLeft = try leftReader.next()
        nextRight = try rightReader.next()
        self.left = leftReader
        self.right = rightReader
    }

    /// The next key; nil after the last.
    package mutating func next() throws(ObjectStoreError) -> ComparisonPair? {
        switch (nextLeft, nextRight) {
        case (nil, nil): return nil
        case (let entry?, nil): return try takeLeft(entry)
        case (nil, let entry?): return try takeRight(entry)
        case (let leftEntry?, let rightEntry?):
            let order = order(leftEntry, rightEntry)
            if order < 0 { return try takeLeft(leftEntry) }
            if order > 0 { return try takeRight(rightEntry) }
            nextLeft = try left.next()
            nextRight = try right.next()
            return ComparisonPair(left: leftEntry, right: rightEntry)
        }
    }

    private mutating func takeLeft(_ entry: ComparisonEntry) throws(ObjectStoreError) -> ComparisonPair {
        nextLeft = try left.next()
        return ComparisonPair(left: entry, right: nil)
    }

    private mutating func takeRight(_ entry: ComparisonEntry) throws(ObjectStoreError) -> ComparisonPair {
        nextRight = try right.next()
        return ComparisonPair(left: nil, right: entry)
    }

    /// The order in which the sides' sorts give their records.
    private func order(_ left: ComparisonEntry, _ right: ComparisonEntry) -> Int {
        guard left.database == right.database else { return left.database < right.database ? -1 : 1 }
        let limit = ComparisonRecord.inlineKeyLimit
        let order = left.key.order(to: right.key, limit: limit)
        guard order == 0, left.key.readableBytes > limit || right.key.readableBytes > limit else { return order }
        // A record of a long key has a digest behind its first bytes; that of a key of just these bytes ends there.
        guard left.key.readableBytes > limit else { return -1 }
        guard right.key.readableBytes > limit else { return 1 }
        let (leftDigest, rightDigest) = (digest(left.key), digest(right.key))
        if leftDigest == rightDigest { return 0 }
        return leftDigest < rightDigest ? -1 : 1
    }

    private func digest(_ key: ByteBuffer) -> (UInt64, UInt64) {
        var hasher = SipHasher(secret)
        key.withUnsafeReadableBytes { hasher.append($0) }
        return hasher.finish()
    }
}

extension ByteBuffer {
    /// Negative, 0 or positive by the first `limit` bytes, as unsigned bytes.
    fileprivate func order(to other: Self, limit: Int) -> Int {
        let (count, otherCount) = (min(readableBytes, limit), min(other.readableBytes, limit))
        let order = withUnsafeReadableBytes { own in
            other.withUnsafeReadableBytes { others in
                guard let start = own.baseAddress, let otherStart = others.baseAddress else { return Int32(0) }
                return memcmp(start, otherStart, min(count, otherCount))
            }
        }
        return order != 0 ? Int(order) : count - otherCount
    }
}
