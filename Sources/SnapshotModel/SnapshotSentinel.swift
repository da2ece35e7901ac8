/// A key with a random value that a snapshot wrote to its source before the capture began.
///
/// That the archive has it proves that the data is from the node that was written to, and no older than that. Fields are
/// only ever added.
package struct SnapshotSentinel: Codable, Hashable, Sendable {
    /// What was found in the archive before the manifest was written.
    package enum Finding: String, Codable, Hashable, Sendable, CaseIterable {
        case found
        /// It is not there: the snapshot is suspicious.
        case missing
        /// It has another value: the snapshot is suspicious.
        case different
        /// It is not there, which has another explanation: a warning of the snapshot tells it.
        case undecided
    }

    /// What the names of all sentinels begin with.
    package static let keyPrefix = "rewarm:sentinel:"
    /// Bytes of such a name: the beginning, and 32 hexadecimal digits.
    package static let keyByteCount = 48

    /// Whether a key has the name of a sentinel.
    ///
    /// One that a snapshot of some minutes ago wrote is in the source as well, and no key of its own.
    package static func isKey(_ name: some Collection<UInt8>) -> Bool {
        name.count == keyByteCount && name.starts(with: keyPrefix.utf8)
            && name.dropFirst(keyPrefix.utf8.count).allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x66).contains($0)
            }
    }

    package var database: UInt32
    package var key: String
    package var value: String
    /// By the source's clock, right before it was written.
    package var writtenAt: UnixMilliseconds
    /// By then the source has let it expire, by its own clock.
    package var deadline: UnixMilliseconds
    package var finding: Finding

    package init(
        database: UInt32,
        key: String,
        value: String,
        writtenAt: UnixMilliseconds,
        deadline: UnixMilliseconds,
        finding: Finding
    ) {
        self.database = database
        self.key = key
        self.value = value
        self.writtenAt = writtenAt
        self.deadline = deadline
        self.finding = finding
    }

    /// Whether a record of it is in the archive.
    package var isArchived: Bool { finding == .found || finding == .different }
}

extension Manifest {
    /// Keys that were the source's own: an empty source has none, also with sentinels in it.
    package var ownKeyCount: UInt64 {
        let count = statistics.sentinels?.keyCount ?? (sentinel?.isArchived == true ? 1 : 0)
        return keyCount - min(keyCount, count)
    }

    /// Bytes of records before compression, without those of the sentinels' keys and values.
    package var ownByteCount: UInt64 {
        let own = sentinel.map { $0.isArchived ? UInt64($0.key.utf8.count + $0.value.utf8.count) : 0 }
        return rawByteCount - min(rawByteCount, statistics.sentinels?.bodyByteCount ?? own ?? 0)
    }
}
