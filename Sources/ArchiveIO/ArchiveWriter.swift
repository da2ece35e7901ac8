package import ArchiveFormat
import NIOCore
package import ObjectStorage
import SnapshotModel
import Synchronization

/// Writes an archive in one pass: `begin`, `append` for each block, `finish`; one call at a time.
///
/// ```
/// append -jobs-> compressors -encoded, in order-> assembler -> upload
///                                                 assembler (SHA-256) -written-> read back and compared
/// ```
/// Each arrow is a bounded queue. Memory: about 4 MiB a core of `parallelism` and 8 MiB beside it, for blocks of
/// 1 MiB before compression; 56 bytes for each block written.
package final class ArchiveWriter: Sendable {
    /// Cores that compress at most: more would only take memory, the source being slower.
    package static let maximumParallelism = 6

    /// Buffers of blocks; builders should take theirs from here, see `makeBuilder`.
    package let pool: BlockBufferPool
    private let pipeline: WritePipeline
    private let progress = Mutex(Progress())

    private struct Progress {
        var description: ArchiveDescription?
        /// Header and blocks handed to the pipeline.
        var jobCount: UInt64 = 0
        var blockNumber: UInt32 = 0
        var recordCount: UInt64 = 0
        var waitedDuration = Duration.zero
    }

    init(pipeline: WritePipeline) {
        self.pipeline = pipeline
        pool = pipeline.pool
    }

    /// A builder whose buffers come from the writer's pool.
    package func makeBuilder(
        targetByteCount: Int = ArchiveLimits.blockTargetByteCount,
        tier: UInt8 = 0
    ) -> BlockBuilder {
        BlockBuilder(targetByteCount: targetByteCount, tier: tier, pool: pool)
    }

    /// States what the archive is, before the first block.
    package func begin(_ description: ArchiveDescription) async throws {
        let isFirst = progress.withLock { progress in
            guard progress.description == nil else { return false }
            progress.description = description
            progress.jobCount = 1
            return true
        }
        precondition(isFirst, "the archive has begun already")
        let isTiered = description.accessTiers.map { $0.tierCount > 1 } ?? false
        let header = ArchiveHeader(
            archiveTag: pipeline.archiveTag,
            description: description,
            optionalFeatures: isTiered ? .temperatureTiers : []
        )
        try await pipeline.send(.header(header), at: 0)
    }

    /// Hands a block to the compressors; waits only while their queue is full.
    ///
    /// An empty block is passed over.
    package func append(_ block: consuming RawBlock) async throws {
        guard !block.isEmpty else { return }
        let recordCount = UInt64(block.recordCount)
        let (sequence, number, firstRecord) = progress.withLock { progress in
            precondition(progress.description != nil, "the archive has not begun")
            defer {
                progress.jobCount += 1
                progress.blockNumber += 1
                progress.recordCount += recordCount
            }
            return (progress.jobCount, progress.blockNumber, progress.recordCount)
        }
        let waited = try await pipeline.send(.records(block, number: number, firstRecord: firstRecord), at: sequence)
        progress.withLock { $0.waitedDuration += waited }
    }

    /// Writes what belongs at the end, waits until all of it was read back and checked, and tells what came of it.
    ///
    /// The upload is neither finished nor aborted: that is for who began it. Throws if anything is not as it was
    /// written.
    package func finish(_ ending: ArchiveEnding) async throws -> ArchiveSummary {
        let (description, jobCount, waited) = progress.withLock {
            ($0.description, $0.jobCount, $0.waitedDuration)
        }
        guard var description else { preconditionFailure("the archive has not begun") }
        description.format = ending.format ?? description.format
        let closing = ArchiveClosing(
            description: description,
            statistics: ending.statistics,
            consistency: ending.consistency ?? description.consistency
        )
        return try await pipeline.finish(
            closing,
            superseded: ending.superseded,
            jobCount: jobCount,
            waitedDuration: waited
        )
    }

    /// How long `append` has waited so far because the queue to the compressors was full.
    package var waitedDuration: Duration { progress.withLock { $0.waitedDuration } }

    /// Bytes that have gone to the upload so far.
    package var storedByteCount: UInt64 { pipeline.storedByteCount }
}

/// Runs `body` with a writer whose work goes on in child tasks beside it, on `parallelism` cores.
///
/// `body` calls `begin`, `append` and `finish` of the writer. If it throws, or any of the work fails, everything ends
/// and that error is thrown; the upload is then to be aborted by who began it. `archiveTag` is random but in tests.
package func withArchiveWriter<Value>(
    to upload: any ObjectUpload,
    codec: CodecRequest = .standard,
    parallelism: Int = ArchiveConcurrency.coreCount,
    archiveTag: UInt64 = .random(in: .min ... .max),
    _ body: (ArchiveWriter) async throws -> Value
) async throws -> Value {
    let pipeline = WritePipeline(
        upload: upload,
        codec: codec,
        parallelism: min(max(parallelism, 1), ArchiveWriter.maximumParallelism),
        archiveTag: archiveTag
    )
    return try await withThrowingTaskGroup(of: Void.self) { group in
        pipeline.addTasks(to: &group)
        do {
            let value = try await body(ArchiveWriter(pipeline: pipeline))
            guard pipeline.isFinished else { throw ArchiveIOError.notFinished }
            try await group.waitForAll()
            return value
        } catch {
            pipeline.fail(error)
            group.cancelAll()
            while let result = await group.nextResult() { _ = result }
            throw pipeline.failure ?? error
        }
    }
}
