package import SnapshotModel

/// The directory of a repository's locks: one file per lock, beside it one readable file per holder.
package struct LockDirectory: Sendable {
    package let path: String
    private let operations: FileOperations

    package init(path: String, fileSystem: any FileSystem = PosixFileSystem()) {
        self.path = path
        operations = FileOperations(fileSystem)
    }

    /// Between two attempts to get a lock: the first and the longest pause in milliseconds.
    private static let firstPauseMilliseconds: Int64 = 5
    private static let longestPauseMilliseconds: Int64 = 250

    /// Takes a lock, waiting up to `timeout` (zero: one attempt).
    ///
    /// - Throws: `.locked` with the holders, `.unsupported` where the file system knows no flock, `.cancelled`.
    package func acquire(
        _ name: LockName,
        _ mode: FileLock.Mode,
        holder: LockHolder,
        timeout: Duration = .zero
    ) async throws(ObjectStoreError) -> FileLock {
        let deadline = ContinuousClock.now.advanced(by: timeout)
        var pauseMilliseconds = Self.firstPauseMilliseconds
        while true {
            if let lock = try attempt(name, mode, holder: holder) { return lock }
            let remaining = ContinuousClock.now.duration(to: deadline)
            guard remaining > .zero else { throw refusal(name, timeout: timeout) }
            do {
                try await Task.sleep(for: min(.milliseconds(pauseMilliseconds), remaining))
            } catch {
                throw ObjectStoreError(.cancelled, "waiting for the lock '\(name)' was cancelled", cause: error)
            }
            pauseMilliseconds = min(pauseMilliseconds * 2, Self.longestPauseMilliseconds)
        }
    }

    /// Who holds the lock now; empty if nobody does.
    ///
    /// The answer may be old as soon as it is given.
    package func holders(of name: LockName) -> [LockHolder] {
        HolderFile.living(lock: name.text, in: path, operations)
    }

    /// The snapshots that somebody reads now.
    ///
    /// The answer may be old as soon as it is given.
    package func leasedSnapshots() -> Set<SnapshotID> {
        let prefix = ".snapshot-"
        let names = ((try? operations.names(in: path)) ?? []).filter { $0.hasPrefix(prefix) }
        let ids = Set(names.compactMap { SnapshotID(String($0.dropFirst(prefix.count).prefix { $0 != "." })) })
        return ids.filter { !holders(of: .snapshot($0)).isEmpty }
    }

    /// Removes the file of a lock that nobody needs any more.
    ///
    /// Only its exclusive holder may do that.
    package func remove(_ name: LockName) throws(ObjectStoreError) {
        try storing("remove the lock '\(name)'") { () throws(SystemCallError) in
            _ = try operations.unlinkIfPresent(file(of: name))
        }
    }

    private func file(of name: LockName) -> String { "\(path)/\(name.text).lock" }

    /// One attempt: nil if somebody else holds the lock.
    private func attempt(
        _ name: LockName,
        _ mode: FileLock.Mode,
        holder: LockHolder
    ) throws(ObjectStoreError) -> FileLock? {
        try storing("lock '\(name)'") { () throws(SystemCallError) in
            try operations.makeDirectory(path)
            while true {
                let file = try operations.open(file(of: name), .createOrOpen)
                guard try operations.tryLock(file, mode) else { return nil }
                // A lock file may be removed by its holder; a lock on a file without a name excludes nobody.
                guard let named = try operations.statusIfPresent(at: file.path),
                    named.isSameFile(as: try operations.status(of: file))
                else { continue }
                return FileLock(name: name.text, mode: mode, file: file, holderFile: try tell(holder, of: name))
            }
        }
    }

    /// Writes who holds the lock.
    ///
    /// A full disk is no reason to refuse the lock: it is held, and reading and purging must work there all the more.
    private func tell(_ holder: LockHolder, of name: LockName) throws(SystemCallError) -> HolderFile? {
        do {
            return try HolderFile(holder, lock: name.text, in: path, operations)
        } catch let error where error.condition == .noSpace {
            return nil
        }
    }

    private func refusal(_ name: LockName, timeout: Duration) -> ObjectStoreError {
        let holders = holders(of: name)
        let who = holders.isEmpty ? "another process" : holders.map(\.description).joined(separator: ", ")
        let waited = timeout > .zero ? " after waiting \(timeout.components.seconds) s" : ""
        return ObjectStoreError(
            .locked,
            "'\(name)' is locked by \(who)\(waited); wait for it, or give --lock-timeout",
            holders: holders
        )
    }
}

/// The name of a lock, safe as a file name.
package struct LockName: Hashable, Sendable, CustomStringConvertible {
    let text: String
    package let description: String

    package static let repository = Self(text: "repository", description: "repository")
    package static let publishing = Self(text: "publish", description: "publishing")

    /// Held shared by whoever reads the snapshot.
    package static func snapshot(_ id: SnapshotID) -> Self {
        Self(text: "snapshot-\(id)", description: "snapshot \(id)")
    }

    /// Held by the one snapshot run of a source.
    ///
    /// Names are free text: bytes other than `A-Z a-z 0-9 . _ -` are written `%XX`, and of a long one the first bytes
    /// and a hash.
    package static func source(_ name: String) -> Self {
        Self(text: "source-\(escaped(name))", description: "source \(name)")
    }

    /// Held by the one drill that fills a node; `address` is where it listens.
    package static func target(_ address: String) -> Self {
        Self(text: "target-\(escaped(address))", description: "target \(address)")
    }

    private static func escaped(_ name: String) -> String {
        var text = ""
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        let longestByteCount = 150
        guard text.utf8.count > longestByteCount else { return text }
        // FNV-1a of the whole name keeps long names apart.
        let hash = name.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return String(text.prefix(longestByteCount)) + "%" + String(hash, radix: 16)
    }
}
