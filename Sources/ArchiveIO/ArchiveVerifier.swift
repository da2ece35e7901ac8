package import ArchiveFormat
import ByteCoding
import NIOCore
package import ObjectStorage
package import SnapshotModel

/// Re-reads every byte of an archive and checks everything that can be checked without a server.
package struct ArchiveVerifier: Sendable {
    private let parallelism: Int
    private let checks: ArchiveChecks

    /// `checks` is for tests: each check can be turned off, to prove that it is needed.
    package init(parallelism: Int = ArchiveConcurrency.coreCount, checks: ArchiveChecks = .all) {
        self.parallelism = max(1, parallelism)
        self.checks = checks
    }

    /// Verifies one archive; `part` is what the manifest says of it.
    ///
    /// Damage is a result, not an error: this throws only if the store does not answer, or if the archive has a
    /// version or feature that this program does not know.
    package func verify(
        _ reader: any ObjectReader,
        expecting part: PartDescriptor? = nil
    ) async throws -> ArchiveVerification {
        var verification = ArchiveVerification(
            header: nil,
            problems: [],
            salvage: nil,
            intactBlockCount: 0,
            intactRecordCount: 0,
            byteCount: reader.byteCount,
            sha256: nil
        )
        do {
            let layout = try await ArchiveLayout.load(from: reader, checks: checks)
            verification.header = layout.header
            try await verifyBlocks(reader, layout, part, &verification)
        } catch let error as ArchiveError {
            verification.problems.append(ArchiveProblem(error.check, "\(error)"))
        }
        guard !verification.isIntact else { return verification }
        try await addSalvage(reader, part, &verification)
        return verification
    }

    private func verifyBlocks(
        _ reader: any ObjectReader,
        _ layout: ArchiveLayout,
        _ part: PartDescriptor?,
        _ verification: inout ArchiveVerification
    ) async throws {
        let (superseded, problems) = try await supersededPlaces(reader, layout)
        verification.problems += problems
        let job = VerifyWork(reader: reader, layout: layout, superseded: superseded, checks: checks)
        let account = try await withOrderedResults(of: job, parallelism: parallelism) { results in
            var account = VerifyAccount(layout: layout, supersededCount: superseded.count, checks: checks)
            while let result = try await results.receive()?.element {
                account.add(result)
            }
            account.finish(job.digests)
            return account
        }
        verification.problems += account.problems
        verification.intactBlockCount = account.intactBlockCount
        verification.intactRecordCount = account.intactRecordCount
        let sha256 = Hexadecimal.encode(job.digests.file)
        verification.sha256 = sha256
        if let part, checks.contains(.manifest) { verification.compare(with: part, layout.trailer, sha256: sha256) }
    }

    private func supersededPlaces(
        _ reader: any ObjectReader,
        _ layout: ArchiveLayout
    ) async throws -> (SupersededRecords, [ArchiveProblem]) {
        var places: [RecordPlace] = []
        let decoder = BlockDecoder()
        for entry in layout.entries where entry.header.kind == .superseded {
            do {
                let block = try await reader.readBlock(at: entry.offset, decoder: decoder, checks: checks)
                places += try SupersededRecords.places(decoding: block.bytes, of: .block(entry.location))
            } catch let error as ArchiveError {
                return (SupersededRecords(), [ArchiveProblem(error.check, "\(error)")])
            }
        }
        return (SupersededRecords(places), [])
    }

    /// Lists what a damaged archive has lost.
    private func addSalvage(
        _ reader: any ObjectReader,
        _ part: PartDescriptor?,
        _ verification: inout ArchiveVerification
    ) async throws {
        do {
            let (archive, report) = try await ArchiveSalvage.open(reader, expecting: part)
            verification.header = verification.header ?? archive.header
            verification.salvage = report
            verification.intactBlockCount = report.intactBlockCount
            verification.intactRecordCount = report.intactRecordCount
        } catch let error as ArchiveError {
            if case .unsupportedVersion = error { throw error }
            if case .unsupportedFeatures = error { throw error }
            verification.problems.append(ArchiveProblem(error.check, "nothing can be salvaged: \(error)"))
        }
    }
}

extension ArchiveVerification {
    fileprivate mutating func compare(with part: PartDescriptor, _ trailer: ArchiveTrailer, sha256: String) {
        let rows: [(String, UInt64, UInt64)] = [
            ("bytes", part.storedByteCount, byteCount),
            ("raw bytes", part.rawByteCount, trailer.rawByteCount),
            ("records", part.recordCount, trailer.recordCount),
            ("blocks of records", part.blockCount, UInt64(trailer.recordBlockCount)),
        ]
        for (what, expected, found) in rows where expected != found {
            problems.append(
                ArchiveProblem(.manifest, "the manifest says \(expected) \(what), the archive has \(found)")
            )
        }
        if part.sha256 != sha256 {
            problems.append(
                ArchiveProblem(.manifest, "the file is not the one that the manifest tells of: its SHA-256 differs")
            )
        }
    }
}

extension ArchiveError {
    /// The check that found it; nil if something could not be decoded at all.
    var check: ArchiveCheck? {
        switch self {
        case .checksumMismatch(.header, _, _): .headerChecksum
        case .checksumMismatch(.description, _, _): .descriptionChecksum
        case .checksumMismatch(.trailer, _, _): .trailerChecksum
        case .checksumMismatch(.unknownBlock, _, _): .blockHeaderChecksum
        case .checksumMismatch(.block, _, _): .blockChecksum
        case .foreignBlock: .blockTag
        default: nil
        }
    }
}
