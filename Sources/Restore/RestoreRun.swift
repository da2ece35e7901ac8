import ArchiveFormat
import ArchiveIO
import NIOCore
import RDB
import SnapshotModel
import Transport

/// A restore under way: takes blocks, fills batches, hands them to the lanes in turn, and counts.
///
/// One task owns it; it awaits one thing at a time.
final class RestoreRun {
    /// A value over several blocks: where its first chunk is.
    private struct ChainPlace {
        var part: Int
        var block: UInt32
    }

    /// Blocks decoded at the same time: more would only take memory, the target being slower.
    private static let decodingTaskLimit = 4

    private let plan: RestorePlan
    private let parts: [RestorePart]
    private let lanes: [RestoreLane]
    private let pieces: PieceSender
    private let loader: LibraryLoader
    private let clock: TargetClock
    private let progress: @Sendable (RestoreProgress) -> Void
    private var pump: RecordPump
    private var pacer: RatePacer?
    private var batch = CommandBatch(database: 0, bytes: ByteBuffer())
    private var nextLane = 0
    private var chains: [ChainPlace] = []
    private var handledChainCount = 0
    /// Records that begin in the blocks and were counted, sent or noted as chains; with those lost and those that
    /// never had their turn they make `recordTotal`.
    private var handledRecordCount: UInt64 = 0
    private var lostRecordCount: UInt64 = 0
    private let recordTotal: UInt64
    /// Function libraries and auxiliary data of modules in the archives, and the libraries met.
    private let otherRecordTotal: UInt64
    private var libraryCount: UInt64 = 0

    private(set) var tally: RestoreTally
    private(set) var moduleAuxiliaryCount: UInt64 = 0
    private(set) var lostBlocks: [String] = []
    private(set) var sentByteCount: UInt64 = 0

    init(
        plan: RestorePlan,
        parts: [RestorePart],
        lanes: [RestoreLane],
        pieces: PieceSender,
        loader: LibraryLoader,
        clock: TargetClock,
        pump: RecordPump,
        pacer: RatePacer?,
        tally: RestoreTally,
        otherRecordTotal: UInt64,
        progress: @escaping @Sendable (RestoreProgress) -> Void
    ) {
        self.plan = plan
        self.parts = parts
        self.lanes = lanes
        self.pieces = pieces
        self.loader = loader
        self.clock = clock
        self.pump = pump
        self.pacer = pacer
        self.tally = tally
        self.progress = progress
        recordTotal = parts.reduce(0) { $0 + $1.descriptor.recordCount }
        self.otherRecordTotal = otherRecordTotal
    }

    /// Loads everything and waits for the last answer; the counts are complete whatever ended it.
    func run() async -> RestoreResult.Ending {
        let ending: RestoreResult.Ending
        do {
            for index in parts.indices { try await loadBlocks(ofPart: index) }
            try await flush()
            try await drain()
            for place in chains { try await load(place) }
            try await drain()
            ending = .finished
        } catch {
            ending = .init(error)
        }
        await settle(ending)
        return ending
    }

    // MARK: Blocks

    private func loadBlocks(ofPart index: Int) async throws {
        let part = parts[index]
        let parallelism = min(ArchiveConcurrency.coreCount, Self.decodingTaskLimit)
        try await part.reader.withBlocks(part.blockNumbers, parallelism: parallelism) { stream in
            while let outcome = try await stream.nextOutcome() {
                switch outcome {
                case .decoded(let block): try await load(block, ofPart: index)
                case .lost(let entry, let error): try lose(entry, error)
                }
            }
        }
    }

    private func lose(_ entry: IndexEntry, _ error: ArchiveError) throws {
        guard plan.options.salvage else { throw error }
        lostBlocks.append(error.description)
        lostRecordCount += UInt64(entry.header.recordCount)
    }

    private func load(_ block: DecodedBlock, ofPart index: Int) async throws {
        let number = block.header.number
        var state = BlockProgress(
            part: index,
            number: number,
            cursor: block.records(),
            superseded: parts[index].reader.superseded.ordinals(inBlock: number)
        )
        while true {
            let countBefore = state.finishedCount
            defer { handledRecordCount += state.finishedCount - countBefore }
            switch try pump.pump(&state, into: &batch, &tally, now: clock.now) {
            case .blockEnded: return
            case .batchEnded: try await flush()
            case .functionLibrary(let body): try await load(library: body)
            case .moduleAuxiliary: moduleAuxiliaryCount += 1
            case .chain: chains.append(ChainPlace(part: index, block: number))
            case .large(let layout):
                let bytes = state.cursor.bytes
                let body = ValueSource(whole: layout.body(in: bytes))
                try await send(layout, in: bytes, ChainPlace(part: index, block: number), from: body)
            }
        }
    }

    private func load(library body: ByteBuffer) async throws {
        libraryCount += 1
        switch pump.filter.decideFunctionLibrary() {
        case .wanted: try await loader.load(body, &tally)
        case .unwanted(let reason): tally.libraries.add(to: .filtered, because: reason)
        }
    }

    /// Hands the batch to the next lane.
    private func flush() async throws {
        guard !batch.isEmpty else { return }
        var full = CommandBatch(database: batch.database, bytes: ByteBuffer())
        swap(&full, &batch)
        batch.bytes.reserveCapacity(RecordPump.batchByteLimit + RecordPump.batchByteLimit / 8)
        batch.sent.reserveCapacity(full.sent.count)
        if let moment = pacer?.moment(toSend: full.sent.count), moment > .now {
            do {
                try await Task.sleep(until: moment, clock: .continuous)
            } catch {
                tally.giveUp(full.sent, because: .notAttempted)
                throw error
            }
        }
        sentByteCount += UInt64(full.bytes.readableBytes)
        nextLane = (nextLane + 1) % lanes.count
        try await lanes[nextLane].write(full, &tally)
        report()
        try checkForRefusal()
    }

    private func drain() async throws {
        for lane in lanes { try await lane.drain(&tally) }
        report()
        try checkForRefusal()
    }

    private func checkForRefusal() throws {
        if let text = tally.endingError { throw RestoreInterruption.refused(text) }
    }

    private func report() {
        progress(currentProgress)
    }

    private var currentProgress: RestoreProgress {
        RestoreProgress(recordCount: handledRecordCount, recordTotal: recordTotal, sentByteCount: sentByteCount)
    }

    /// What is to be told while the target is checked.
    var progressOfCheck: RestoreProgress {
        var progress = currentProgress
        progress.isChecking = true
        return progress
    }

    // MARK: Values over several blocks

    private func load(_ place: ChainPlace) async throws {
        let reader = parts[place.part].reader
        let block = try await reader.block(place.block)
        var cursor = block.records()
        var first: RecordLayout?
        while let layout = try cursor.next() {
            if layout.chunk?.isFirst ?? false { first = layout }
        }
        handledChainCount += 1
        guard let first, let chain = reader.chains[place.block] else {
            tally.accounting.add(to: .lostBlock)
            guard plan.options.salvage else { throw ArchiveIOError.brokenChain(block.location) }
            lostBlocks.append("the value that begins in \(block.location) is not there as a whole")
            return
        }
        try await send(first, in: block.bytes, place, from: .chain(reader.chunks(of: chain)))
    }

    /// Sends a value that goes by itself.
    private func send(
        _ first: RecordLayout,
        in block: ByteBuffer,
        _ place: ChainPlace,
        from source: ValueSource
    ) async throws {
        let sender = ChainSender(
            pump: pump,
            lane: lanes[0],
            pieces: pieces,
            source: source,
            isSalvage: plan.options.salvage
        )
        let rank = tally.sample.rank(part: place.part, block: place.block, ordinal: first.ordinal)
        let key = first.key(in: block)
        switch try await sender.send(first, in: block, key: key, rank: rank, &tally, now: clock.now) {
        case .sent(let byteCount): sentByteCount += byteCount
        case .counted: break
        case .lost(let error): lostBlocks.append("\(error)")
        }
        report()
        try checkForRefusal()
    }

    // MARK: The end

    /// Waits for answers that can still come, and gives each record that has no class yet its own.
    private func settle(_ ending: RestoreResult.Ending) async {
        for lane in lanes {
            do {
                try await lane.drain(&tally)
                await lane.close()
            } catch {
                await lane.giveUp(&tally)
            }
        }
        tally.giveUp(batch.sent, because: .notAttempted)
        tally.accounting.add(UInt64(chains.count - handledChainCount), to: .failed, because: .notAttempted)
        var lost = lostRecordCount
        var unattempted = recordTotal - min(recordTotal, handledRecordCount + lostRecordCount)
        var missingOthers = otherRecordTotal - min(otherRecordTotal, libraryCount + moduleAuxiliaryCount)
        var isFinished = false
        if case .finished = ending { isFinished = true }
        if isFinished {
            // Blocks of which even the index entry is gone. In a whole archive nothing may be missing: then the sum of
            // the accounting is off, and says so.
            if plan.options.salvage { lost += unattempted }
            unattempted = 0
        }
        let unattemptedOthers = min(missingOthers, unattempted)
        missingOthers -= unattemptedOthers
        tally.accounting.add(unattempted - unattemptedOthers, to: .failed, because: .notAttempted)
        tally.accounting.add(lost - min(missingOthers, lost), to: .lostBlock)
        let missingLibraries = tally.libraries.captured - min(tally.libraries.captured, tally.libraries.sum)
        if isFinished {
            tally.libraries.add(plan.options.salvage ? missingLibraries : 0, to: .lostBlock)
        } else {
            tally.libraries.add(missingLibraries, to: .failed, because: .notAttempted)
        }
    }
}
