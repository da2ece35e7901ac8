import ArchiveFormat
import ArchiveIO
import Capture
import Catalog
import ObjectStorage
import SnapshotModel

/// What taking and importing a snapshot share: from the locks to the catalog row.
///
///     lock -> open the capture -> upload, written and checked -> manifest -> row
struct SnapshotRecording: Sendable {
    /// A capture that has begun, and what choosing it has to say.
    struct Opened: Sendable {
        var session: any CaptureSession
        var warnings: [String] = []
        var sentinel: WrittenSentinel?
    }

    /// A written and checked archive.
    private struct Written {
        var result: CaptureResult
        var summary: ArchiveSummary
        var capturedAt: ContinuousClock.Instant
    }

    let sourceName: String
    let codec: CodecRequest
    let tags: [String: String]
    let policy: String?
    let guards: SnapshotGuards

    /// Takes the locks, runs `began`, then opens the capture and records it.
    ///
    /// Once the locks are held this is an attempt at a snapshot of the source: if it fails, that is put on record.
    func run(
        _ context: OperationContext,
        began: () -> Void,
        open: () async throws -> Opened
    ) async throws -> SnapshotReport {
        guard !sourceName.isEmpty else { throw OperationError(.usage, "the name of a source may not be empty") }
        let repository = try await context.openRepositoryForWriting()
        context.tell(repository.notices)
        let locks = try await repository.beginSnapshot(sourceName: sourceName)
        defer { locks.release() }
        let startedAt = context.now()
        let attempt = SnapshotAttempt(startedAt: startedAt, sourceName: sourceName, policy: policy)
        return try await attempt.recordingFailure(in: repository, context) {
            began()
            let start = ContinuousClock.now
            let opened = try await open()
            for warning in opened.warnings { context.warn(warning) }
            do {
                return try await record(opened, in: repository, context, startedAt: startedAt, start: start)
            } catch {
                await opened.session.close()
                throw error
            }
        }
    }

    private func record(
        _ opened: Opened,
        in repository: Repository,
        _ context: OperationContext,
        startedAt: UnixMilliseconds,
        start: ContinuousClock.Instant
    ) async throws -> SnapshotReport {
        let opening = opened.session.opening
        for warning in opening.warnings { context.warn(warning) }
        let id = SnapshotID(instant: opening.instant, random: .random(in: .min ... .max))
        let written = try await write(opened.session, id, in: repository, context, startedAt: startedAt)
        for warning in written.result.warnings { context.warn(warning) }
        context.progress(
            OperationProgress(.publishing, subject: sourceName, completedKeyCount: written.result.statistics.keyCount)
        )
        var draft = manifest(id, opening, written, startedAt: startedAt)
        draft.warnings = opened.warnings + opening.warnings + written.result.warnings
        let doubt = try await lookForSentinel(opened, &draft, in: repository, context)
        draft.finishedAt = context.now()
        let figures = try await guards.suspicion(of: draft, in: repository)
        let doubts = [doubt, written.result.doubt, figures].compactMap(\.self)
        let suspicion = doubts.isEmpty ? nil : doubts.joined(separator: "; ")
        let publication = try await publish(draft, suspicion, in: repository, context)
        context.tell(publication.notices)
        return SnapshotReport(
            manifest: publication.manifest,
            captureMilliseconds: (written.capturedAt - start).wholeMilliseconds,
            durationMilliseconds: (ContinuousClock.now - start).wholeMilliseconds,
            sourceWaitMilliseconds: written.result.sourceWaitMilliseconds,
            hurriedBlockCount: written.summary.hurriedBlockCount,
            suspicion: suspicion
        )
    }

    /// Writes the archive and checks it; after an error nothing of it remains.
    private func write(
        _ session: any CaptureSession,
        _ id: SnapshotID,
        in repository: Repository,
        _ context: OperationContext,
        startedAt: UnixMilliseconds
    ) async throws -> Written {
        let upload = try await repository.store.beginUpload(RepositoryLayout.part(0, of: id))
        do {
            let subject = sourceName
            let written = try await withArchiveWriter(to: upload, codec: codec) { writer in
                try await writer.begin(description(id, session.opening, startedAt: startedAt))
                let result = try await session.run(into: writer) { progress in
                    context.progress(OperationProgress(progress, subject: subject))
                }
                let capturedAt = ContinuousClock.now
                context.progress(
                    OperationProgress(.checking, subject: subject, completedKeyCount: result.statistics.keyCount)
                )
                let ending = ArchiveEnding(
                    statistics: result.statistics,
                    consistency: result.consistency,
                    format: result.format,
                    superseded: SupersededRecords(result.superseded)
                )
                return Written(result: result, summary: try await writer.finish(ending), capturedAt: capturedAt)
            }
            try requireWhole(written)
            try Task.checkCancellation()
            try await upload.finish()
            return written
        } catch {
            await upload.abort()
            throw error
        }
    }

    /// The records of the archive, counted when it was read back, are those that were counted when they came.
    private func requireWhole(_ written: Written) throws(OperationError) {
        let statistics = written.result.statistics
        let captured =
            statistics.keyCount + statistics.functionLibraryCount + statistics.moduleAuxiliaryCount
            + written.summary.supersededCount
        guard written.summary.recordCount == captured else {
            throw OperationError(
                .integrity,
                "\(captured) records were captured and \(written.summary.recordCount) are in the archive",
                hint: "nothing was published; please report this as a bug"
            )
        }
    }

    /// Looks for what was written to the source in the archive as it is stored; why it makes the snapshot suspicious.
    private func lookForSentinel(
        _ opened: Opened,
        _ draft: inout Manifest,
        in repository: Repository,
        _ context: OperationContext
    ) async throws -> String? {
        guard let written = opened.sentinel else { return nil }
        do {
            let access = SnapshotAccess(repository: repository, manifest: draft)
            let finding = try await access.search(written.sentinel)
            let judgement = written.judge(finding, opened.session.opening, draft.consistency)
            draft.sentinel = judgement.sentinel
            if let warning = judgement.warning {
                context.warn(warning)
                draft.warnings.append(warning)
            }
            return judgement.suspicion
        } catch {
            try? await repository.store.delete(RepositoryLayout.part(0, of: draft.id))
            throw error
        }
    }

    /// Publishes; if that fails and the manifest is certainly not there, the archive goes too.
    private func publish(
        _ draft: Manifest,
        _ suspicion: String?,
        in repository: Repository,
        _ context: OperationContext
    ) async throws -> Publication {
        do {
            let statements = suspicion.map { [Fact.Statement.suspected(reason: $0)] } ?? []
            return try await repository.publish(draft, stating: statements, by: context.actor)
        } catch {
            if await isCertainlyUnpublished(draft.id, in: repository) {
                // What is left otherwise is an orphan, which purge removes; the error to tell is the one above.
                try? await repository.store.delete(RepositoryLayout.part(0, of: draft.id))
            }
            throw error
        }
    }

    private func isCertainlyUnpublished(_ id: SnapshotID, in repository: Repository) async -> Bool {
        do throws(ObjectStoreError) {
            _ = try await repository.store.byteCount(of: RepositoryLayout.manifest(of: id))
            return false
        } catch {
            return error.code == .notFound
        }
    }

    private func source(_ opening: CaptureOpening, serverVersion: String?) -> SourceDescriptor {
        SourceDescriptor(
            name: sourceName,
            engine: opening.engine,
            serverVersion: serverVersion ?? opening.serverVersion,
            address: opening.address,
            runID: opening.runID
        )
    }

    private func description(
        _ id: SnapshotID,
        _ opening: CaptureOpening,
        startedAt: UnixMilliseconds
    ) -> ArchiveDescription {
        var description = ArchiveDescription(
            snapshot: id,
            part: 0,
            source: source(opening, serverVersion: nil),
            method: opening.method,
            format: opening.format,
            instant: opening.instant,
            startedAt: startedAt,
            clocks: opening.clocks,
            consistency: opening.consistency,
            codec: codec.firstCodec,
            toolVersion: ToolVersion.current,
            accessTiers: opening.accessTiers
        )
        description.codec = codec.description
        return description
    }

    private func manifest(
        _ id: SnapshotID,
        _ opening: CaptureOpening,
        _ written: Written,
        startedAt: UnixMilliseconds
    ) -> Manifest {
        Manifest(
            id: id,
            sequence: 0,
            source: source(opening, serverVersion: written.result.serverVersion),
            method: opening.method,
            instant: opening.instant,
            consistency: written.result.consistency,
            clocks: opening.clocks,
            startedAt: startedAt,
            finishedAt: startedAt,
            policy: policy,
            tags: tags,
            format: written.result.format,
            codec: codec.description,
            parts: [written.summary.part(0)],
            shards: [written.result.shard],
            statistics: written.result.statistics,
            warnings: [],
            toolVersion: ToolVersion.current
        )
    }
}

extension OperationContext {
    /// Where external sorts spill: the directory for large temporary files.
    var spillPlace: ExternalSortSpill.Place {
        let named = directories.environment("TMPDIR")
        return ExternalSortSpill.Place(directory: named?.hasPrefix("/") == true ? named ?? "/var/tmp" : "/var/tmp")
    }
}
