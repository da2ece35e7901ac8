package import ByteCoding
import NIOCore
package import ObjectStorage

/// The entries of one side: in any order in, by database and key out.
///
/// Memory stays at the sort's limit whatever the number of keys; what is above lies in unlinked temporary files. Of two
/// entries of the same key the one that was added later counts.
package struct ComparisonSide: ~Copyable {
    /// Both sides of a comparison have the same.
    package let secret: SipHasher.Secret
    private let spillPlace: ExternalSortSpill.Place
    private var sort: ExternalSort
    private var longKeys: ExternalSortSpill?
    private var scratch = ByteBuffer()

    package init(
        secret: SipHasher.Secret,
        limits: ExternalSort.Limits = ExternalSort.Limits(),
        spillingTo spillPlace: ExternalSortSpill.Place
    ) {
        self.secret = secret
        self.spillPlace = spillPlace
        sort = ExternalSort(
            largestRecordByteCount: ComparisonRecord.largestByteCount,
            limits: limits,
            spillingTo: spillPlace
        )
    }

    package var entryCount: UInt64 { sort.recordCount }

    package mutating func append(_ entry: ComparisonEntry) throws(ObjectStoreError) {
        scratch.clear()
        let longKey = entry.key.readableBytes > ComparisonRecord.inlineKeyLimit ? try keep(longKey: entry.key) : nil
        ComparisonRecord.write(entry, longKey: longKey, secret: secret, into: &scratch)
        try append(records: scratch)
    }

    /// Takes encoded entries, one behind the other.
    mutating func append(records: ByteBuffer) throws(ObjectStoreError) {
        var records = records
        while let byteCount = records.getInteger(at: records.readerIndex, endianness: .host, as: UInt32.self),
            let record = records.readSlice(length: Int(byteCount))
        {
            try record.withUnsafeReadableBytes { bytes throws(ObjectStoreError) in try sort.append(bytes) }
        }
    }

    private mutating func keep(longKey key: ByteBuffer) throws(ObjectStoreError) -> ComparisonRecord.LongKey {
        let file: ExternalSortSpill
        if let longKeys {
            file = longKeys
        } else {
            file = try ExternalSortSpill(spillPlace)
            longKeys = file
        }
        let place = ComparisonRecord.LongKey(offset: file.byteCount, byteCount: UInt64(key.readableBytes))
        try key.withUnsafeReadableBytes { bytes throws(ObjectStoreError) in try file.append(bytes) }
        return place
    }

    /// Ends the input.
    package consuming func finish() throws(ObjectStoreError) -> ComparisonSideReader {
        try longKeys?.flush()
        return ComparisonSideReader(try sort.finish(), longKeys: longKeys)
    }
}

/// The entries of one side by database and key, each key once.
package struct ComparisonSideReader: ~Copyable {
    private var records: ExternalSortReader
    private let longKeys: ExternalSortSpill?
    private var scratch = ByteBuffer()
    /// The entry behind the one that was given last.
    private var following: ComparisonEntry?
    private var hasBegun = false

    fileprivate init(_ records: consuming ExternalSortReader, longKeys: ExternalSortSpill?) {
        self.records = records
        self.longKeys = longKeys
    }

    /// The next key's entry; nil after the last.
    package mutating func next() throws(ObjectStoreError) -> ComparisonEntry? {
        if !hasBegun {
            hasBegun = true
            following = try read()
        }
        guard var entry = following else { return nil }
        following = try read()
        while let later = following, later.database == entry.database, later.key == entry.key {
            entry = later
            following = try read()
        }
        return entry
    }

    private mutating func read() throws(ObjectStoreError) -> ComparisonEntry? {
        var record = ByteBuffer()
        var hasRecord = false
        var failure: ObjectStoreError?
        scratch.clear()
        scratch.writeWithUnsafeMutableBytes(minimumWritableBytes: ComparisonRecord.largestByteCount) { bytes in
            do throws(ObjectStoreError) {
                hasRecord = try records.next(into: bytes)
            } catch {
                failure = error
            }
            return hasRecord ? Int(bytes.loadUnaligned(as: UInt32.self)) : 0
        }
        if let failure { throw failure }
        guard hasRecord else { return nil }
        // A copy of its own: the key outlives the next record.
        record.writeImmutableBuffer(scratch)
        guard var found = ComparisonRecord.read(record) else {
            throw ObjectStoreError(.corrupted, "a temporary file of the comparison is not as it was written")
        }
        if let longKey = found.longKey { found.entry.key = try key(at: longKey) }
        return found.entry
    }

    private func key(at place: ComparisonRecord.LongKey) throws(ObjectStoreError) -> ByteBuffer {
        var key = ByteBuffer()
        var failure: ObjectStoreError?
        key.writeWithUnsafeMutableBytes(minimumWritableBytes: Int(place.byteCount)) { bytes in
            do throws(ObjectStoreError) {
                let target = UnsafeMutableRawBufferPointer(rebasing: bytes.prefix(Int(place.byteCount)))
                try longKeys?.read(into: target, at: place.offset)
            } catch {
                failure = error
            }
            return Int(place.byteCount)
        }
        if let failure { throw failure }
        return key
    }
}
