import ArchiveFormat
import ArchiveIO
import Comparison
import ObjectStorage
import RDB
import SnapshotModel

/// All archives of a snapshot as one side of a comparison.
struct SnapshotEntries: Sendable {
    private let manifest: Manifest
    /// By the numbers of the parts.
    private let parts: [UInt32: ArchiveEntries]
    private let archives: [ArchiveReader]

    static func open(
        _ access: SnapshotAccess,
        _ role: ComparisonSideRole,
        _ options: ComparisonOptions,
        _ scope: ValueFingerprinter.Scope
    ) async throws -> Self {
        var parts: [UInt32: ArchiveEntries] = [:]
        var archives: [ArchiveReader] = []
        for part in access.manifest.parts {
            let archive = try await access.openPart(part)
            archives.append(archive)
            let number = UInt32(clamping: part.number)
            parts[number] = ArchiveEntries(
                archive,
                part: number,
                format: access.manifest.format,
                role: role,
                options: options,
                scope: scope
            )
        }
        return Self(manifest: access.manifest, parts: parts, archives: archives)
    }

    func read(into side: inout ComparisonSide, _ context: OperationContext) async throws -> ArchiveEntries.Account {
        var account = ArchiveEntries.Account()
        for (_, part) in parts.sorted(by: { $0.key < $1.key }) {
            let before = account.keyCount
            let found = try await part.read(into: &side) { keyCount in
                context.progress(
                    OperationProgress(
                        .comparing,
                        subject: manifest.id.text,
                        completedKeyCount: before + keyCount,
                        totalKeyCount: manifest.keyCount
                    )
                )
            }
            account.keyCount += found.keyCount
            account.libraries += found.libraries
        }
        return account
    }

    /// Fingerprints a record again, as of another moment.
    func refresh(_ entry: ComparisonEntry, _ scope: ValueFingerprinter.Scope) async throws -> ComparisonEntry {
        guard let place = entry.place, let part = parts[place.part] else { return entry }
        return try await part.fingerprint(entry, scope: scope)
    }

    func close() async {
        for archive in archives { await archive.close() }
    }
}
