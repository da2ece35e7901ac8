import ArchiveFormat
import NIOCore
import ObjectStorage
import Synchronization

/// The queues and tasks behind an `ArchiveWriter`.
final class WritePipeline: Sendable {
    enum Job: Sendable {
        case header(ArchiveHeader)
        case records(RawBlock, number: UInt32, firstRecord: UInt64)
    }

    /// A job that is ready to be written.
    enum Encoded: Sendable {
        case header(ArchiveHeader)
        case records(EncodedBlock)
    }

    /// Blocks that wait for a compressor, for each compressor.
    static let jobsPerWorker = 1
    /// Compressed blocks that wait for their turn, for each compressor.
    static let encodedPerWorker = 1
    /// Written blocks that wait to be read back, with their bytes.
    static let writtenBound = 3

    let archiveTag: UInt64
    let pool: BlockBufferPool
    private let codec: CodecRequest
    private let parallelism: Int
    private let jobsBound: Int
    /// For an automatic level.
    private let levels = Mutex(LevelController())
    private let assembler: ArchiveAssembler
    private let upload: any ObjectUpload
    private let jobs: SequencedQueue<Job>
    private let encoded: SequencedQueue<Encoded>
    private let written: SequencedQueue<WrittenPiece>
    private let outcome = Monitor(Outcome())

    private struct Outcome: Sendable {
        var ending: (closing: ArchiveClosing, superseded: SupersededRecords)?
        var assembled: AssembledArchive?
        var hasReadBack = false
        var proven = ProvenCounts()
        var runningWorkers: Int = 0
        var hurriedBlockCount: UInt64 = 0
        var summary: ArchiveSummary?
        var failure: (any Error)?
    }

    init(upload: any ObjectUpload, codec: CodecRequest, parallelism: Int, archiveTag: UInt64) {
        self.codec = codec
        self.parallelism = parallelism
        self.archiveTag = archiveTag
        pool = BlockBufferPool(bound: 2 * parallelism + 4 + Self.writtenBound)
        jobsBound = Self.jobsPerWorker * parallelism + 1
        jobs = SequencedQueue(bound: jobsBound)
        encoded = SequencedQueue(bound: Self.encodedPerWorker * parallelism + 1)
        written = SequencedQueue(bound: Self.writtenBound)
        assembler = ArchiveAssembler(upload: upload, codec: codec.firstCodec, archiveTag: archiveTag, pool: pool)
        self.upload = upload
        outcome.update { $0.runningWorkers = parallelism }
    }

    var isFinished: Bool { outcome.read { $0.summary != nil } }
    var failure: (any Error)? { outcome.read { $0.failure } }
    var storedByteCount: UInt64 { assembler.storedByteCount }

    /// Delivers a job; tells how long that had to wait.
    @discardableResult
    func send(_ job: Job, at sequence: UInt64) async throws -> Duration {
        guard jobs.isFull(at: sequence) else {
            try await jobs.send(job, at: sequence)
            return .zero
        }
        let start = ContinuousClock.now
        try await jobs.send(job, at: sequence)
        return start.duration(to: .now)
    }

    /// Gives everything up; every queue throws from now on.
    ///
    /// The first failure stays.
    func fail(_ error: any Error) {
        outcome.update { $0.failure = $0.failure ?? error }
        let first = failure ?? error
        jobs.fail(first)
        encoded.fail(first)
        written.fail(first)
    }

    func addTasks(to group: inout ThrowingTaskGroup<Void, any Error>) {
        for _ in 0..<parallelism {
            add(to: &group) { try await self.compress() }
        }
        add(to: &group) { try await self.assemble() }
        add(to: &group) { try await self.readBack() }
    }

    private func add(
        to group: inout ThrowingTaskGroup<Void, any Error>,
        _ work: @escaping @Sendable () async throws -> Void
    ) {
        group.addTask(executorPreference: BlockExecutor.shared) {
            do {
                try await work()
            } catch {
                self.fail(error)
                throw error
            }
        }
    }

    private func compress() async throws {
        let encoder = BlockEncoder(archiveTag: archiveTag, pool: pool)
        let decoder = BlockDecoder(pool: pool)
        var proven = ProvenCounts()
        while let (sequence, job) = try await jobs.receive() {
            switch consume job {
            case .header(let header): try await encoded.send(.header(header), at: sequence)
            case .records(var block, let number, let firstRecord):
                let made = try encoder.encode(block, codec: codecForNow(), number: number, firstRecord: firstRecord)
                // Here, while both lie in the processor's cache; what is read back later is only compared with this.
                try decoder.prove(made, madeOf: block.bytes)
                proven.add(made)
                pool.give(block.takeBytes())
                try await encoded.send(.records(consume made), at: sequence)
            }
        }
        outcome.update { [proven] in
            $0.proven.add(proven)
            $0.runningWorkers -= 1
        }
    }

    /// A fixed level, but the lowest while the queue is about to be full, so that the source does not have to wait; or
    /// the level that the backlog tells.
    private func codecForNow() -> BlockCodec {
        switch codec {
        case .fixed(let codec):
            guard codec != codec.fastest, jobs.isCrowded else { return codec }
            outcome.update { $0.hurriedBlockCount += 1 }
            return codec.fastest
        case .automatic:
            let waitingCount = jobs.waitingCount
            return codec.firstCodec.atLevel(
                levels.withLock { $0.next(waitingCount: waitingCount, bound: jobsBound) }
            )
        }
    }

    private func assemble() async throws {
        var sequence: UInt64 = 0
        let report: (consuming WrittenPiece) async throws -> Void = { piece in
            try await self.written.send(piece, at: sequence)
            sequence += 1
        }
        while let (_, job) = try await encoded.receive() {
            switch consume job {
            case .header(let header): try await report(try await assembler.begin(header))
            case .records(var block):
                try await report(try await assembler.append(&block))
                if let piece = try await assembler.append(block.filter) { try await report(piece) }
            }
        }
        guard let ending = outcome.read({ $0.ending }) else { throw ArchiveIOError.notFinished }
        let archive = try await assembler.finish(ending.closing, superseded: ending.superseded, report)
        outcome.update { $0.assembled = archive }
        written.finish(count: sequence)
    }

    private func readBack() async throws {
        var checker = WriteChecker(upload: upload)
        while var (_, piece) = try await written.receive() {
            try await checker.check(piece)
            pool.give(piece.takeBytes())
        }
        outcome.update { $0.hasReadBack = true }
    }

    /// States that `jobCount` jobs are all, waits for the rest of the work, and compares the results.
    func finish(
        _ closing: ArchiveClosing,
        superseded: SupersededRecords,
        jobCount: UInt64,
        waitedDuration: Duration
    ) async throws -> ArchiveSummary {
        outcome.update { $0.ending = (closing, superseded) }
        jobs.finish(count: jobCount)
        encoded.finish(count: jobCount)
        let (archive, counts, hurried) = try await outcome.perform { outcome in
            if let failure = outcome.failure { throw failure }
            guard outcome.runningWorkers == 0, let archive = outcome.assembled, outcome.hasReadBack
            else { return nil as (AssembledArchive, ProvenCounts, UInt64)? }
            return (archive, outcome.proven, outcome.hurriedBlockCount)
        }
        try counts.compare(with: archive.totals, closing.statistics)
        let summary = archive.summary(waitedDuration: waitedDuration, hurriedBlockCount: hurried)
        outcome.update { $0.summary = summary }
        return summary
    }
}
