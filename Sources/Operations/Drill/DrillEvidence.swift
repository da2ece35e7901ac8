import Catalog
import Crypto
import NIOCore
import ObjectStorage
import Reporting
import SnapshotModel

/// Puts a drill on record: the report, the fact with its digest, the page.
struct DrillEvidence {
    /// Earlier drills that are looked at for the trend.
    private static let earlierLimit = 60
    /// What the names of the files begin with.
    private static let namePrefix = "drill-"

    private let request: DrillRequest
    private let repository: Repository
    private let context: OperationContext

    init(_ request: DrillRequest, _ repository: Repository, _ context: OperationContext) {
        (self.request, self.repository, self.context) = (request, repository, context)
    }

    /// A pass that cannot be put on record is none: nobody could show it.
    func put(_ drilled: DrillOutcome) async throws -> DrillOutcome {
        var outcome = drilled
        let entries = try await lookBack(&outcome)
        let files = files(outcome)
        if let files { writeReport(to: files + ".json", &outcome) }
        let result = outcome.record.result
        await stateFact(&outcome)
        if let path = outcome.reportPath, outcome.record.result != result { amendReport(at: path, &outcome) }
        if let files {
            do {
                let page = DrillPage(DrillPage.Content(outcome, entries, request.timeZone)).html
                try write(ByteBuffer(string: page), to: files + ".html")
                outcome.pagePath = files + ".html"
            } catch {
                context.warn("the page could not be written: \(OperationError(describing: error).message)")
            }
        }
        return outcome
    }

    /// Notes the earlier drills, and gives the snapshots; without either the drill counts all the same.
    private func lookBack(_ outcome: inout DrillOutcome) async throws -> [SnapshotEntry] {
        do {
            let entries = try await repository.snapshots().entries
            outcome.earlier = try await earlierDrills(outcome.manifest)
            return entries
        } catch {
            let problem = OperationError(describing: error)
            guard problem.kind != .cancelled else { throw problem }
            context.warn("earlier drills are not shown: \(problem.message)")
            return []
        }
    }

    // MARK: The fact

    private func stateFact(_ outcome: inout DrillOutcome) async {
        guard repository.isWritable else {
            context.warn("the repository is read-only: this drill is not put on record there")
            return
        }
        do {
            let stated = try await repository.stateDrill(outcome.record, of: outcome.manifest, by: context.actor)
            context.tell(stated.notices)
            outcome.factID = stated.facts.first?.id
        } catch {
            noteLoss("the repository could not record it: \(error.message)", &outcome)
        }
    }

    private func noteLoss(_ words: String, _ outcome: inout DrillOutcome) {
        guard outcome.record.isPassed else { return context.warn(words) }
        outcome.record.result = .inconclusive
        outcome.record.reason = "all was as it should be, but " + words
        outcome.advice = "see to it that the evidence can be written, then run the drill again"
    }

    // MARK: The files

    /// The path of the files without their extensions; nil where there is no home.
    private func files(_ outcome: DrillOutcome) -> String? {
        let standard = context.directories.state.map { $0 + "/drills" }
        guard let directory = request.reportDirectory ?? standard else {
            context.warn("there is no home directory: name one for the report with --report-directory")
            return nil
        }
        do {
            try FileOperations(PosixFileSystem()).makeDirectories(directory)
        } catch {
            // Told when the file is written, too; the drill is over, and its result must not be lost.
            context.detail("cannot make '\(directory)': \(error)")
        }
        ReplacingFile.removeAbandoned(in: directory, named: Self.namePrefix)
        let id = SnapshotID(instant: outcome.record.startedAt, random: .random(in: 0...0xFF_FFFF))
        return directory + "/" + Self.namePrefix + id.text
    }

    private func writeReport(to path: String, _ outcome: inout DrillOutcome) {
        do {
            let report = try DrillReport(outcome).encoded()
            try write(report, to: path)
            outcome.reportPath = path
            outcome.record.reportDigest = Self.digest(of: report)
        } catch {
            noteLoss("the report could not be written: \(OperationError(describing: error).message)", &outcome)
        }
    }

    /// The report was written as one of a pass, for its digest to go into the fact.
    private func amendReport(at path: String, _ outcome: inout DrillOutcome) {
        do {
            let report = try DrillReport(outcome).encoded()
            try write(report, to: path)
            outcome.record.reportDigest = Self.digest(of: report)
        } catch {
            // None is better than one of a pass that is none.
            outcome.reportPath = nil
            outcome.record.reportDigest = nil
            _ = try? FileOperations(PosixFileSystem()).unlinkIfPresent(path)
            context.warn("the report could not be written: \(OperationError(describing: error).message)")
        }
    }

    private func write(_ bytes: ByteBuffer, to path: String) throws(ObjectStoreError) {
        let file = try ReplacingFile(path: path)
        try file.append(bytes)
        try file.finish()
    }

    private static func digest(of bytes: ByteBuffer) -> String {
        SHA256.hash(data: Array(bytes.readableBytesView)).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    // MARK: The trend

    /// Of snapshots of the same source, by any policy, the oldest first.
    private func earlierDrills(_ manifest: Manifest) async throws(RepositoryError) -> [DrillOnRecord] {
        try await repository.drills(limit: Self.earlierLimit) { source, _ in source == manifest.source.name }.reversed()
    }
}
