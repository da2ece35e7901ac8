import ArchiveFormat
import ArchiveIO
import Capture
package import Catalog
package import NIOCore
import ObjectStorage
import RDB
package import Restore
package import SnapshotModel

/// Which snapshot becomes an RDB file, and how.
package struct ExportRequest: Sendable {
    package var query: SnapshotQuery
    /// Of these only what chooses records and deadlines counts.
    package var options: RestoreOptions
    /// The version of the file's format; nil for the snapshot's own.
    package var rdbVersion: Int?

    package init(query: SnapshotQuery, options: RestoreOptions = RestoreOptions(), rdbVersion: Int? = nil) {
        self.query = query
        self.options = options
        self.rdbVersion = rdbVersion
    }
}

/// What an export came to.
package struct ExportReport: Sendable {
    package let manifest: Manifest
    package let format: PayloadFormat
    package let counts: StreamCounts
    package let durationMilliseconds: Int64

    /// Why the file does not hold what was asked for; nil if all is well.
    package var failure: OperationError? {
        guard counts.accounting.isBalanced, counts.libraries.isBalanced else {
            return OperationError(
                .failure,
                "the accounting is off: \(counts.accounting.captured) keys captured, \(counts.accounting.sum) accounted "
                    + "for",
                hint: "check the snapshot with 'rewarm verify \(manifest.id)', and report this"
            )
        }
        let isComplete = counts.accounting.isComplete && counts.libraries.isComplete && counts.lostBlocks.isEmpty
        guard !isComplete else { return nil }
        let unknown = UnsupportedCounts(counts)
        guard !unknown.isEmpty else { return OperationError(.partial, "not every key is in the file") }
        return OperationError(
            .partial,
            "RDB version \(format.rdbVersion) cannot hold all that snapshot \(manifest.id) has; left out: \(unknown.text)",
            hint: "choose a newer --rdb-version (the snapshot's own is \(manifest.format.rdbVersion))"
        )
    }
}

/// Writes a snapshot as an RDB file, which servers load at their start and services are seeded with.
package struct ExportOperation: Sendable {
    private let request: ExportRequest

    package init(_ request: ExportRequest) {
        self.request = request
    }

    /// Writes the file; under its name there is never half of one.
    package func run(path: String, _ context: OperationContext) async throws -> ExportReport {
        // Begun with the first bytes: what is refused leaves no trace.
        var file: ReplacingFile?
        let report = try await run(context) { piece in
            let open = try file ?? ReplacingFile(path: path)
            file = open
            try open.append(piece)
        }
        try file?.finish()
        return report
    }

    /// Hands the file to `receive` in pieces.
    package func run(
        _ context: OperationContext,
        _ receive: (ByteBuffer) throws -> Void
    ) async throws -> ExportReport {
        if let contradiction = request.options.contradiction { throw OperationError(.usage, contradiction) }
        let begin = ContinuousClock.now
        return try await context.withSnapshot(request.query) { access in
            let format = try format(of: access.manifest)
            return try await access.withParts(salvage: request.options.salvage, context) { parts in
                try parts.requireUniqueKeys(access.manifest.id)
                let start = context.now()
                let stream = stream(access.manifest, parts, format, start, context)
                try await stream.run { try receive($0) }
                var counts = stream.counts
                counts.lostBlocks = parts.problems + counts.lostBlocks
                return ExportReport(
                    manifest: access.manifest,
                    format: format,
                    counts: counts,
                    durationMilliseconds: (ContinuousClock.now - begin).wholeMilliseconds
                )
            }
        }
    }

    private func format(of manifest: Manifest) throws(OperationError) -> PayloadFormat {
        guard manifest.format.engine != .memcached else {
            throw OperationError(
                .usage,
                "snapshot \(manifest.id) is of Memcached, which has no RDB files",
                hint: "restore it: into Memcached, or into Redis, whose node then writes an RDB file (SAVE)"
            )
        }
        guard let version = request.rdbVersion else { return RestorePlan.streamFormat(manifest.format) }
        guard let format = RDBConversion.format(ofVersion: version) else {
            throw OperationError(
                .usage,
                "RDB version \(version) is not known",
                hint: "6 to \(RDBValueTypes.newestRedisVersion) are those of Redis (up to 11 also Valkey's), "
                    + "\(RDBValueTypes.firstOwnValkeyVersion) and \(RDBValueTypes.newestValkeyVersion) Valkey's own"
            )
        }
        return format
    }

    private func stream(
        _ manifest: Manifest,
        _ parts: SnapshotParts,
        _ format: PayloadFormat,
        _ start: UnixMilliseconds,
        _ context: OperationContext
    ) -> SnapshotStream {
        var wanted = SnapshotStream.Request(
            manifest: manifest,
            parts: parts.opened,
            options: request.options,
            format: format,
            start: start
        )
        // A file tells what the snapshot tells; whether a deadline has passed is for whoever loads it to say.
        wanted.now = request.options.deadlineMode == .remaining ? start : nil
        return SnapshotStream(wanted) { progress in
            context.progress(
                OperationProgress(
                    .exporting,
                    subject: manifest.id.text,
                    completedByteCount: progress.sentByteCount,
                    completedKeyCount: progress.recordCount,
                    totalKeyCount: progress.recordTotal
                )
            )
        }
    }
}
