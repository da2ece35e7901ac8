/// Features that a reader must know to read the archive at all (`requiredFeatures` of the header).
package struct RequiredFeatures: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Stored bytes are sealed (encrypted) after compression.
    ///
    /// Reserved; not written yet.
    package static let sealedBlocks = Self(rawValue: 1 << 0)
    /// The archive holds only the difference to a base archive.
    ///
    /// Reserved; not written yet.
    package static let baseArchive = Self(rawValue: 1 << 1)

    /// What this program can read.
    package static let known: Self = []

    /// The bits that this program does not know.
    package var unknown: Self { subtracting(.known) }
}

/// Features that a reader may ignore (`optionalFeatures` of the header).
package struct OptionalFeatures: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Blocks are sorted into tiers by last access; their header tells the tier.
    package static let temperatureTiers = Self(rawValue: 1 << 0)
}
