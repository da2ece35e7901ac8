import ArchiveFormat
import ArchiveIO
import NIOCore
import SnapshotModel
import Transport

/// One attempt of a restore: takes blocks, fills batches, hands them to the lanes in turn, and counts.
///
/// One task owns it; it awaits one thing at a time. It works on units: the blocks in their order, then the values over
/// several blocks. A run of units is a window; a batch belongs to one window.
final class RestoreRun {
    /// Blocks decoded at the same time: more would only take memory, the target being slower.
    private static let decodingTaskLimit = 4

    private let job: RestoreJob
    private let link: RestoreLink
    private let journal: RestoreJournal?
    private let writer: any RecordWriter
    private var sizer = WindowSizer()
    private var batch = CommandBatch(database: 0, bytes: ByteBuffer())
    private var nextLane = 0

    private(set) var tally: RestoreTally
    private(set) var sentByteCount: UInt64
    /// Observed with each window where the target may evict at any time and its counter be set back.
    var evictions = EvictionWatch(from: 0)

    /// Goes on where `tally` has come to; `sentByteCount` is what attempts before it have sent.
    init(
        _ job: RestoreJob,
        over link: RestoreLink,
        from tally: RestoreTally,
        journal: RestoreJournal?,
        sentByteCount: UInt64
    ) {
        self.job = job
        self.link = link
        self.tally = tally
        self.journal = journal
        self.sentByteCount = sentByteCount
        writer = link.control.makeWriter(job, clock: link.clock)
    }

    /// Loads everything and waits for the last answer; answers that can still come are counted whatever ended it.
    func run() async -> RestoreResult.Ending {
        let ending: RestoreResult.Ending
        do {
            for stretch in job.order.stretches(from: tally.confirmed.end) { try await load(stretch) }
            try await flush()
            tally.closeWindow(at: max(job.order.count, tally.confirmed.end))
            try await drain()
            try await loadChains()
            ending = .finished
        } catch {
            ending = .init(error)
        }
        await settleLanes()
        tally.confirm(now: link.clock.now)
        tally.giveUp(batch.sent, because: .notAttempted)
        return ending
    }

    // MARK: Windows

    /// Begins a unit, and a window with it if the last one is full; `end` is the unit after the last of its kind.
    private func begin(_ unit: Int, before end: Int) async throws {
        tally.sample.unit = unit
        guard unit >= tally.windowLimit else { return }
        try await flush()
        let count = sizer.next(at: .now)
        var limit = min(unit + count, end)
        // What may have been sent earlier shares no window with what was not.
        if unit < tally.earlierEnd { limit = min(limit, tally.earlierEnd) }
        tally.openWindow(unit..<limit)
        batch.window = unit
        tally.confirm(now: link.clock.now)
        // Taken also where there is no journal, so that they do not pile up.
        let confirmed = tally.takeUnwritten()
        await journal?.advance(to: limit, ahead: count, confirmed)
        if job.plan.itemDialect != nil { evictions.observe(try await link.control.evictedKeyCount()) }
    }

    // MARK: Blocks

    private func load(_ stretch: BlockOrder.Stretch) async throws {
        let reader = job.parts[stretch.part].reader
        let parallelism = min(ArchiveConcurrency.coreCount, Self.decodingTaskLimit)
        try await reader.withBlocks(stretch.blocks, parallelism: parallelism) { stream in
            var unit = stretch.start
            while let outcome = try await stream.nextOutcome() {
                try await begin(unit, before: job.order.count)
                switch outcome {
                case .decoded(let block): try await load(block, ofPart: stretch.part)
                case .lost(let entry, let error): try lose(entry, error)
                }
                unit += 1
            }
        }
    }

    private func lose(_ entry: IndexEntry, _ error: ArchiveError) throws {
        guard job.plan.options.salvage else { throw error }
        tally.totals.lostBlocks.append(error.description)
        tally.totals.lostRecordCount += UInt64(entry.header.recordCount)
    }

    private func load(_ block: DecodedBlock, ofPart index: Int) async throws {
        let number = block.header.number
        var state = BlockProgress(block, of: job.parts[index], at: index)
        while true {
            let countBefore = state.finishedCount
            defer { tally.totals.handledRecordCount += state.finishedCount - countBefore }
            switch try writer.pump(&state, into: &batch, &tally, now: link.clock.now) {
            case .blockEnded: return
            case .batchEnded: try await flush()
            case .functionLibrary(let body): try await load(library: body)
            case .moduleAuxiliary: tally.totals.moduleAuxiliaryCount += 1
            case .chain: tally.totals.chains.append(BlockPlace(part: index, block: number))
            case .large(let layout):
                let bytes = state.cursor.bytes
                let place = BlockPlace(part: index, block: number)
                try await send(layout, in: bytes, place, from: ValueSource(whole: layout.body(in: bytes)))
            }
        }
    }

    private func load(library body: ByteBuffer) async throws {
        tally.totals.libraryCount += 1
        switch writer.filter.decideFunctionLibrary() {
        case .wanted: try await writer.load(library: body, &tally)
        case .unwanted(let reason): tally.libraries.add(to: .filtered, because: reason)
        }
    }

    /// Hands the batch to the next lane.
    private func flush() async throws {
        guard !batch.isEmpty else { return }
        var full = CommandBatch(database: batch.database, bytes: ByteBuffer(), window: batch.window)
        swap(&full, &batch)
        batch.bytes.reserveCapacity(BatchLimits.byteCount + BatchLimits.byteCount / 8)
        batch.sent.reserveCapacity(full.sent.count)
        sentByteCount += UInt64(full.bytes.readableBytes)
        nextLane = (nextLane + 1) % link.lanes.count
        try await link.lanes[nextLane].write(full, &tally)
        tally.confirm(now: link.clock.now)
        report()
        try checkForRefusal()
    }

    private func drain() async throws {
        for lane in link.lanes { try await lane.drain(&tally) }
        tally.confirm(now: link.clock.now)
        report()
        try checkForRefusal()
    }

    private func checkForRefusal() throws {
        if let text = tally.endingError { throw RestoreInterruption.refused(text) }
    }

    private func report() {
        job.progress(
            RestoreProgress(
                recordCount: tally.handledRecordCount,
                recordTotal: job.recordTotal,
                sentByteCount: sentByteCount
            )
        )
    }

    // MARK: Values over several blocks

    /// Goes through the values over several blocks; every window of blocks is confirmed by now.
    private func loadChains() async throws {
        let places = tally.confirmed.totals.chains
        let end = job.order.count + places.count
        for index in places.indices where job.order.count + index >= tally.confirmed.end {
            try await begin(job.order.count + index, before: end)
            try await load(places[index])
        }
        tally.closeWindow(at: end)
        try await drain()
    }

    private func load(_ place: BlockPlace) async throws {
        let reader = job.parts[place.part].reader
        let block = try await reader.block(place.block)
        var cursor = block.records()
        var first: RecordLayout?
        while let layout = try cursor.next() {
            if layout.chunk?.isFirst ?? false { first = layout }
        }
        tally.totals.handledChainCount += 1
        guard let first, let chain = reader.chains[place.block] else {
            tally.accounting.add(to: .lostBlock)
            guard job.plan.options.salvage else { throw ArchiveIOError.brokenChain(block.location) }
            tally.totals.lostBlocks.append("the value that begins in \(block.location) is not there as a whole")
            return
        }
        try await send(first, in: block.bytes, place, from: .chain(reader.chunks(of: chain)))
    }

    /// Sends a value that goes by itself.
    private func send(
        _ first: RecordLayout,
        in block: ByteBuffer,
        _ place: BlockPlace,
        from source: ValueSource
    ) async throws {
        let recordPlace = RecordPlace(block: place.block, ordinal: first.ordinal)
        let value = LoneValue(
            layout: first,
            block: block,
            source: source,
            rank: tally.sample.rank(part: place.part, block: place.block, ordinal: first.ordinal),
            isPresent: job.parts[place.part].present?.contains(recordPlace) ?? false
        )
        switch try await writer.send(value, over: link.lanes[0], &tally, now: link.clock.now) {
        case .sent(let byteCount): sentByteCount += byteCount
        case .counted: break
        case .lost(let error): tally.totals.lostBlocks.append("\(error)")
        }
        report()
        try checkForRefusal()
    }

    /// Temporary keys that may stand in the target when it has ended.
    var standing: StandingKeys { writer.standing }

    /// Values that this attempt stored piece by piece.
    var piecewiseKeyCount: UInt64 { writer.piecewiseKeyCount }

    // MARK: The end

    /// Waits for answers that can still come, and closes the lanes.
    private func settleLanes() async {
        for lane in link.lanes {
            do {
                try await lane.drain(&tally)
                await lane.close()
            } catch {
                await lane.giveUp(&tally)
            }
        }
        await writer.close()
    }
}
