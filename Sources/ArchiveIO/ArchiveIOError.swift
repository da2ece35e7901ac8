package import ArchiveFormat

/// A failure of writing or reading an archive that neither the format nor the storage has a name for.
package enum ArchiveIOError: Error, Hashable, Sendable {
    /// What was read back is not what was written: the storage below the repository damages data.
    case readBackDiffers(ArchivePiece, reason: String)
    /// The archive's own counts do not fit together: a defect of the program that wrote it.
    case countsDiffer(what: String, expected: UInt64, found: UInt64)
    /// `withArchiveWriter` ended without `finish`.
    case notFinished
    /// No value begins at the place that was asked for, or a chunk of it is lost.
    case brokenChain(BlockLocation)
}

extension ArchiveIOError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .readBackDiffers(let piece, let reason):
            "\(piece) was read back differently from how it was written (\(reason)); check the storage"
        case .countsDiffer(let what, let expected, let found):
            "the archive counts \(expected) \(what) and holds \(found); this is a defect of rewarm"
        case .notFinished: "the archive was not finished"
        case .brokenChain(let location): "the value that ends in \(location) is not there as a whole"
        }
    }
}
