import ArchiveFormat
import ArchiveIO
import Comparison
import ObjectStorage
import RDB
import SnapshotModel

/// The archives that a drill compares a node with, open, and the records of them that are wanted.
struct DrillArchives: Sendable {
    private let opened: [(part: UInt32, reader: ArchiveReader)]
    private let format: PayloadFormat
    /// By part and block; nil for all.
    private let chosen: [UInt32: [UInt32: Set<UInt32>]]?

    /// Opens every part; whoever has them closes them.
    static func open(_ access: SnapshotAccess, _ sample: DrillSample?) async throws -> Self {
        var opened: [(part: UInt32, reader: ArchiveReader)] = []
        do {
            for part in access.manifest.parts {
                opened.append((UInt32(clamping: part.number), try await access.openPart(part)))
            }
        } catch {
            for archive in opened { await archive.reader.close() }
            throw error
        }
        return Self(opened: opened, format: access.manifest.format, chosen: sample?.choose(from: opened))
    }

    func close() async {
        for archive in opened { await archive.reader.close() }
    }

    /// The wanted values of each archive, fingerprinted in the scope.
    func values(_ scope: ValueFingerprinter.Scope) -> [ArchivedValues] {
        values(scope) { part, _ in chosen.map { $0[part] ?? [:] } }
    }

    /// The same with no key wanted, for what is no key and stands in every block.
    func withoutKeys(_ scope: ValueFingerprinter.Scope) -> [ArchivedValues] {
        values(scope) { _, reader in
            Dictionary(uniqueKeysWithValues: reader.index.records.map { ($0.header.number, []) })
        }
    }

    /// `sample` tells the wanted records of an archive by block, nil for all.
    private func values(
        _ scope: ValueFingerprinter.Scope,
        _ sample: (_ part: UInt32, ArchiveReader) -> [UInt32: Set<UInt32>]?
    ) -> [ArchivedValues] {
        opened.map { part, reader in
            ArchivedValues(reader, part: part, format: format, scope: scope, sample: sample(part, reader))
        }
    }

    /// The names of the keys that the options want, sampled or not, as one side of a comparison.
    func names(
        _ options: ComparisonOptions,
        _ scope: ValueFingerprinter.Scope,
        spillingTo spillPlace: ExternalSortSpill.Place
    ) async throws -> ComparisonSide {
        var side = ComparisonSide(secret: scope.secret, spillingTo: spillPlace)
        for archive in opened {
            _ = try await ArchiveEntries(
                archive.reader,
                part: archive.part,
                format: format,
                role: .left,
                options: options,
                scope: scope,
                content: .names
            ).read(into: &side)
        }
        return side
    }
}
