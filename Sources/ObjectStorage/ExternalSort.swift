/// Sorts more records than memory should hold: records in, the same records in ascending order out.
///
/// Records have one size and a key of one size, or each its own (see ``ExternalSortLayout``). Keys are compared as
/// unsigned bytes, first byte first, a shorter one before its continuations; records with equal keys keep the order in
/// which they were appended. Memory stays at `memoryByteCount` whatever the number of records:
///
///     fill a buffer -> sort it -> write it as a run behind the others in one unlinked temporary file
///     at the end: nothing spilled -> read from the buffer; else merge up to `mergeWidth` runs at a time
///
/// A use is `append` any number of times, then `finish` once. The memory and the temporary file go with the value.
package struct ExternalSort: ~Copyable {
    /// Bounds of one sort.
    package struct Limits: Sendable {
        /// Bytes of memory for records and their order: the bound of the whole sort, merging included.
        package var memoryByteCount: Int
        /// Runs that are merged in one pass; more runs than this cost another pass over the file.
        package var mergeWidth: Int

        package init(memoryByteCount: Int = 8 << 20, mergeWidth: Int = 64) {
            self.memoryByteCount = memoryByteCount
            self.mergeWidth = max(2, mergeWidth)
        }
    }

    private let limits: Limits
    private let spillDirectory: ExternalSortSpill.Place
    private var batch: ExternalSortBatch
    private var spill: ExternalSortSpill?
    private var runs: [ExternalSortRun] = []

    /// Records that were appended.
    package private(set) var recordCount: UInt64 = 0

    /// Bytes that went to the temporary file so far.
    package var spilledByteCount: UInt64 { spill?.byteCount ?? 0 }

    /// A sort of records of `recordByteCount` bytes, of which 8 or more leading ones, `keyByteCount`, are compared.
    package init(
        recordByteCount: Int,
        keyByteCount: Int,
        limits: Limits = Limits(),
        spillingTo spillDirectory: ExternalSortSpill.Place
    ) {
        precondition((8...recordByteCount).contains(keyByteCount), "a key has 8 bytes or more, a record its key")
        self.limits = limits
        self.spillDirectory = spillDirectory
        batch = ExternalSortBatch(
            layout: .fixed(recordByteCount: recordByteCount, keyByteCount: keyByteCount),
            memoryByteCount: limits.memoryByteCount
        )
    }

    /// A sort of records of different sizes, none of more than `largestRecordByteCount` bytes with its head.
    ///
    /// Merging needs memory for one such record of each run, beyond the limit if that is smaller.
    package init(
        largestRecordByteCount: Int,
        limits: Limits = Limits(),
        spillingTo spillDirectory: ExternalSortSpill.Place
    ) {
        self.limits = limits
        self.spillDirectory = spillDirectory
        batch = ExternalSortBatch(
            layout: .variable(largestRecordByteCount: largestRecordByteCount),
            memoryByteCount: limits.memoryByteCount
        )
    }

    /// Takes a copy of one record, `recordByteCount` bytes, or as many as its head says.
    package mutating func append(_ record: UnsafeRawBufferPointer) throws(ObjectStoreError) {
        if !batch.hasRoom(for: record.count) { try spillBatch() }
        batch.append(record)
        recordCount += 1
    }

    /// Ends the input; the reader gives every record in order.
    package consuming func finish() throws(ObjectStoreError) -> ExternalSortReader {
        guard spill != nil else {
            batch.sort()
            return ExternalSortReader(batch: batch)
        }
        if !batch.isEmpty { try spillBatch() }
        let layout = batch.layout
        batch.release()
        while runs.count > limits.mergeWidth { try mergePass(layout) }
        guard let spill else { preconditionFailure("a spilled sort has a file") }
        return ExternalSortReader(
            merger: try ExternalSortMerger(
                runs: runs,
                in: spill,
                layout: layout,
                memoryByteCount: limits.memoryByteCount
            )
        )
    }

    private mutating func spillBatch() throws(ObjectStoreError) {
        batch.sort()
        let file: ExternalSortSpill
        if let spill {
            file = spill
        } else {
            file = try ExternalSortSpill(spillDirectory)
            spill = file
        }
        let start = file.byteCount
        try batch.write(to: file)
        runs.append(ExternalSortRun(offset: start, byteCount: file.byteCount - start))
        batch.removeAll()
    }

    /// Merges groups of `mergeWidth` neighbouring runs into one each, in a new file.
    private mutating func mergePass(_ layout: ExternalSortLayout) throws(ObjectStoreError) {
        guard let source = spill else { return }
        let target = try ExternalSortSpill(spillDirectory)
        var merged: [ExternalSortRun] = []
        var first = 0
        while first < runs.count {
            let group = Array(runs[first..<min(first + limits.mergeWidth, runs.count)])
            let start = target.byteCount
            var merger = try ExternalSortMerger(
                runs: group,
                in: source,
                layout: layout,
                memoryByteCount: limits.memoryByteCount
            )
            try merger.writeAll(to: target)
            merged.append(ExternalSortRun(offset: start, byteCount: target.byteCount - start))
            first += limits.mergeWidth
        }
        runs = merged
        spill = target
    }
}

/// The records of a finished sort in ascending order.
package struct ExternalSortReader: ~Copyable {
    private var batch: ExternalSortBatch?
    private var merger: ExternalSortMerger?
    private var nextIndex = 0

    fileprivate init(batch: consuming ExternalSortBatch) {
        self.batch = consume batch
        merger = nil
    }

    fileprivate init(merger: consuming ExternalSortMerger) {
        batch = nil
        self.merger = consume merger
    }

    /// Copies the next record to the start of `record`; false after the last one.
    package mutating func next(into record: UnsafeMutableRawBufferPointer) throws(ObjectStoreError) -> Bool {
        if batch != nil {
            guard nextIndex < (batch?.count ?? 0) else { return false }
            batch?.copyRecord(atRank: nextIndex, to: record)
            nextIndex += 1
            return true
        }
        return try merger?.next(into: record) ?? false
    }
}

/// A sorted run in the temporary file.
struct ExternalSortRun: Sendable {
    var offset: UInt64
    var byteCount: UInt64
}
