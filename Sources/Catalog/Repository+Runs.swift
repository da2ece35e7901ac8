import NIOCore
import ObjectStorage
package import SnapshotModel

/// A run before it is on record.
package struct RunDraft: Hashable, Sendable {
    package var startedAt: UnixMilliseconds
    package var sourceName: String?
    package var policy: String?
    package var outcome: RunRecord.Outcome

    package init(
        startedAt: UnixMilliseconds,
        sourceName: String?,
        policy: String?,
        outcome: RunRecord.Outcome
    ) {
        self.startedAt = startedAt
        self.sourceName = sourceName
        self.policy = policy
        self.outcome = outcome
    }
}

/// A run that is on record from now on.
package struct RecordedRun: Sendable {
    package var record: RunRecord
    package var notices: [RepositoryNotice]
}

/// The runs of a repository that left no snapshot, and what is to be said about how they were found.
package struct RunListing: Sendable {
    /// The newest first.
    package var records: [RunRecord]
    package var notices: [RepositoryNotice]
}

extension Repository {
    /// Free bytes below which no record is begun: one that does not fit would only leave the catalog behind, and purge
    /// could not make room.
    private static let recordRoomByteCount: UInt64 = 256 << 10

    /// Puts a run on record: its object, then its row.
    package func record(_ draft: RunDraft, by author: String) async throws(RepositoryError) -> RecordedRun {
        guard try freeByteCount() >= Self.recordRoomByteCount else {
            throw RepositoryError(.storage, "no room is left in '\(path)'")
        }
        return try await withRepositoryShared { () async throws(RepositoryError) in
            try await publishing { catalog async throws(RepositoryError) in
                let generation = try generationMark.advance()
                let (stored, record) = try await put(draft, by: author)
                return RecordedRun(record: record, notices: follow([.run(stored)], generation, catalog))
            }
        }
    }

    /// All records of runs: from the catalog, or from the store if it cannot be used.
    package func runs() async throws(RepositoryError) -> RunListing {
        var notices = notices
        var stored: [StoredRun]?
        if isWritable {
            do {
                stored = try await catalog().runs()
            } catch {
                notices.append(.catalogUnusable(reason: error.message))
            }
        }
        if stored == nil { stored = try await contents.runs() }
        return RunListing(records: (stored ?? []).newestRecords, notices: notices)
    }

    /// Writes the object of a record, under the publishing lock.
    func put(_ draft: RunDraft, by author: String) async throws(RepositoryError) -> (StoredRun, RunRecord) {
        let recordedAt = now
        let attemptCount = 10
        for attempt in 1...attemptCount {
            let record = RunRecord(
                id: SnapshotID(instant: recordedAt, random: .random(in: .min ... .max)),
                startedAt: draft.startedAt,
                recordedAt: recordedAt,
                recordedBy: author,
                sourceName: draft.sourceName,
                policy: draft.policy,
                outcome: draft.outcome
            )
            let bytes = try encoded(record)
            do {
                try await store.putIfAbsent(RepositoryLayout.run(record.id), bytes)
                return (StoredRun(id: record.id, text: String(buffer: bytes)), record)
            } catch let error where error.code == .alreadyExists && attempt < attemptCount {
                continue
            } catch {
                throw RepositoryError(error)
            }
        }
        throw RepositoryError(.storage, "found no free name for the record of a run")
    }
}

extension Repository {
    /// Removes the objects of records, under the publishing lock; returns what the catalog is to follow.
    func removeRuns(_ ids: [SnapshotID]) async throws(RepositoryError) -> [SnapshotCatalog.Change] {
        for id in ids {
            try await translating { () async throws(ObjectStoreError) in
                try await store.delete(RepositoryLayout.run(id))
            }
        }
        return ids.map { .removeRun($0) }
    }
}

extension [StoredRun] {
    /// Those that can be read, the newest first; ids only sort by seconds.
    var newestRecords: [RunRecord] {
        compactMap(\.record).sorted { ($0.recordedAt, $0.id) > ($1.recordedAt, $1.id) }
    }
}
