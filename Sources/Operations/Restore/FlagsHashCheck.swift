import ArchiveFormat
import ArchiveIO
import NIOCore
import Restore
import SnapshotModel

/// Whether `--flags-hash` names a key that can be a hash, found out before anything is written.
struct FlagsHashCheck {
    let plan: RestorePlan
    let manifest: Manifest
    private let hash: String

    /// nil if no hash is asked for.
    init?(_ plan: RestorePlan, _ manifest: Manifest) {
        guard let hash = plan.options.flagsHash else { return nil }
        (self.plan, self.manifest, self.hash) = (plan, manifest, hash)
    }

    /// Throws if the snapshot has an item of that key that would be restored, or the target holds something else there.
    func run(_ parts: [RestorePart], _ target: TargetSession) async throws {
        for part in parts where try await holdsItem(part.reader) {
            throw OperationError(
                .usage,
                "snapshot \(manifest.id) has an item of the key '\(hash)', where --flags-hash puts its hash",
                hint: "name a key that no item has, or leave the item out with --exclude"
            )
        }
        let database = plan.options.databases.first { $0.source == 0 }?.destination ?? 0
        guard !plan.options.flushTarget, let type = await target.typeOfKey(hash, in: database), type != "hash"
        else { return }
        throw OperationError(
            .unsafeTarget,
            "\(plan.target.address) holds a \(type) under '\(hash)', where --flags-hash puts its hash",
            hint: "name another key, or remove that one"
        )
    }

    /// A damaged block is for the restore to report, and an item that is found then is counted.
    private func holdsItem(_ archive: ArchiveReader) async throws -> Bool {
        let key = ByteBuffer(string: hash)
        guard let record = try? await archive.lookup(database: 0, key: key) else {
            try Task.checkCancellation()
            return false
        }
        let filter = RecordFilter(plan.options) { PayloadTypes.name(type: $0, format: manifest.format) }
        let decision = key.withUnsafeReadableBytes {
            filter.decide(database: 0, type: record.layout.type, key: $0) { nil }
        }
        if case .wanted = decision { return true }
        return false
    }
}
