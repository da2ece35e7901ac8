/// The bounds of what an archive may declare; a reader checks them before it takes memory.
package enum ArchiveLimits {
    /// What a block of records aims at before compression, in bytes.
    package static let blockTargetByteCount = 1 << 20
    /// The largest key, in bytes.
    ///
    /// A larger one is refused when it is written.
    package static let maximumKeyByteCount = 64 << 20
    /// The largest block before compression: the largest key, the bodies up to the point where a value is cut, and
    /// room for the heads of the other records.
    package static let maximumRawByteCount = maximumKeyByteCount + (16 << 20)
    /// The largest stored block: a block that does not shrink is stored as it is.
    package static let maximumStoredByteCount = maximumRawByteCount
    /// The largest header, description and key slots included.
    package static let maximumHeaderByteCount = 1 << 20
    /// The most entries of an index: blocks of one archive.
    package static let maximumBlockCount = 1 << 26
    /// Bytes of index entries, chains, superseded places or filters that make one block of them.
    package static let sectionBlockByteCount = 256 << 10
}
