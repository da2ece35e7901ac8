import ObjectStorage
import Restore
import SnapshotModel

extension RestoreJournals {
    /// All journals that can be read, in no particular order; a file of another form is told of and passed over.
    func all() throws -> [InterruptedRestore] {
        guard let directory else { return [] }
        do {
            return try operations.names(in: directory).filter { $0.hasSuffix(Self.suffix) }.compactMap { name in
                try restore(at: directory + "/" + name)
            }
        } catch let error as SystemCallError {
            throw OperationError(
                .denied,
                "the journals of interrupted restores cannot be read: \(error)",
                hint: "make '\(directory)' readable",
                cause: error
            )
        }
    }

    private func restore(at path: String) throws(SystemCallError) -> InterruptedRestore? {
        // One that was done in between is none.
        guard let status = try operations.statusIfPresent(at: path) else { return nil }
        let file = try operations.open(path, .read)
        defer { file.close() }
        guard let content = try read(file) else {
            context.warn("'\(path)' is no journal that this rewarm can read")
            return nil
        }
        let isFree = try operations.tryLock(file, .shared)
        return InterruptedRestore(
            snapshot: content.header.snapshot,
            target: content.header.address,
            startedAt: content.header.start,
            writtenAt: status.modifiedAt,
            handledRecordCount: content.handledRecordCount,
            isRunning: !isFree,
            path: path
        )
    }
}
