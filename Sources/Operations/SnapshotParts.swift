import ArchiveFormat
import ArchiveIO
import Restore
import SnapshotModel

/// The archives of a snapshot, open for reading.
struct SnapshotParts: Sendable {
    var opened: [RestorePart] = []
    /// What salvage found lost already when it opened them.
    var problems: [String] = []
    /// Keys that were read twice, of which salvage no longer knows which reading counts.
    var forgottenDuplicateCount: UInt64 = 0

    func close() async {
        for part in opened { await part.reader.close() }
    }

    /// Without the list of superseded records a key that was read twice comes back as it was read first.
    mutating func tellForgottenDuplicates() {
        guard forgottenDuplicateCount > 0 else { return }
        problems.append(
            "the list of records that a later reading replaced is damaged: \(forgottenDuplicateCount) keys may come "
                + "back with an older value or deadline, their later reading counted as existing"
        )
    }

    /// What a stream is made of must hold every key once: a server that meets one twice in it stops.
    func requireUniqueKeys(_ id: SnapshotID) throws(OperationError) {
        guard forgottenDuplicateCount > 0 else { return }
        throw OperationError(
            .integrity,
            "snapshot \(id) is damaged: \(forgottenDuplicateCount) keys may be there twice, which no RDB stream may have",
            hint: "restore what is intact with --method commands --salvage"
        )
    }
}

extension SnapshotAccess {
    /// Opens all archives, runs `body` with them, and closes them.
    ///
    /// With `salvage` what is intact of a damaged archive is opened, and what is lost is told.
    func withParts<Value>(
        salvage: Bool,
        _ context: OperationContext,
        _ body: (SnapshotParts) async throws -> Value
    ) async throws -> Value {
        var parts = SnapshotParts()
        do {
            for descriptor in manifest.parts { try await open(descriptor, salvage: salvage, into: &parts) }
            parts.tellForgottenDuplicates()
            for problem in parts.problems { context.warn("snapshot \(manifest.id): \(problem)") }
            let value = try await body(parts)
            await parts.close()
            return value
        } catch {
            await parts.close()
            throw error
        }
    }

    private func open(_ descriptor: PartDescriptor, salvage: Bool, into parts: inout SnapshotParts) async throws {
        do {
            let reader = try await openPart(descriptor)
            parts.opened.append(RestorePart(descriptor: descriptor, reader: reader))
        } catch let error as ArchiveError {
            guard salvage else { throw damaged(error) }
            let object = try await openObject(descriptor)
            let (reader, report) = try await ArchiveSalvage.open(object, expecting: descriptor)
            parts.problems += report.problems + report.lost.map(\.description)
            let captured = manifest.consistency.duplicateKeyCount
            parts.forgottenDuplicateCount += captured - min(captured, UInt64(reader.superseded.count))
            parts.opened.append(RestorePart(descriptor: descriptor, reader: reader))
        }
    }

    private func damaged(_ error: ArchiveError) -> OperationError {
        OperationError(
            .integrity,
            "snapshot \(manifest.id) is damaged: \(error)",
            hint: "nothing was written; take another snapshot, or load what is intact with --salvage",
            cause: error
        )
    }
}
