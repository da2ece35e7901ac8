package import ArchiveFormat

/// Something that the verifier found wrong.
package struct ArchiveProblem: Hashable, Sendable {
    /// The check that found it; nil if something could not be decoded at all.
    package var check: ArchiveCheck?
    /// What is wrong, with the place.
    package var message: String

    package init(_ check: ArchiveCheck?, _ message: String) {
        self.check = check
        self.message = message
    }
}

extension ArchiveProblem: CustomStringConvertible {
    package var description: String { check.map { "\(message) [\($0.name)]" } ?? message }
}

/// What verifying one archive found.
package struct ArchiveVerification: Sendable {
    /// Nil if the header cannot be read.
    package var header: ArchiveHeader?
    package var problems: [ArchiveProblem]
    /// Of a damaged archive: exactly what is lost.
    ///
    /// Nil of one without a problem.
    package var salvage: SalvageReport?
    /// Blocks of records and records that are there and sound.
    package var intactBlockCount: UInt64
    package var intactRecordCount: UInt64
    /// Bytes that were read: the size of the file.
    package var byteCount: UInt64
    /// SHA-256 of the whole file, 64 lower-case hexadecimal digits; nil if it was not read to its end.
    package var sha256: String?

    package var isIntact: Bool { problems.isEmpty }
}
