/// What callers want of a `FileSystem`: interrupted calls are repeated, short reads and writes are completed.
package struct FileOperations: Sendable {
    package let fileSystem: any FileSystem

    package init(_ fileSystem: any FileSystem) {
        self.fileSystem = fileSystem
    }

    /// An interrupted call is repeated at most this often: a bound for the loop, never met in practice.
    private static let maximumInterruptionCount = 1000

    private func repeating<Result>(
        _ call: () throws(SystemCallError) -> Result
    ) throws(SystemCallError) -> Result {
        var interruptionCount = 0
        while true {
            do {
                return try call()
            } catch let error where error.condition == .interrupted && interruptionCount < Self.maximumInterruptionCount
            {
                interruptionCount += 1
            }
        }
    }

    package func open(_ path: String, _ access: FileAccess) throws(SystemCallError) -> OpenFile {
        let descriptor = try repeating { () throws(SystemCallError) in try fileSystem.open(path, access) }
        return OpenFile(descriptor, path: path, fileSystem)
    }

    /// Fills `buffer` from `offset`; returns fewer bytes only at the end of the file.
    package func read(
        _ file: OpenFile,
        into buffer: UnsafeMutableRawBufferPointer,
        offset: UInt64
    ) throws(SystemCallError) -> Int {
        var filledByteCount = 0
        while filledByteCount < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filledByteCount...])
            let readByteCount = try repeating { () throws(SystemCallError) in
                try fileSystem.read(file.descriptor, into: rest, offset: offset + UInt64(filledByteCount))
            }
            if readByteCount == 0 { break }
            filledByteCount += readByteCount
        }
        return filledByteCount
    }

    /// Writes all of `bytes` at `offset`.
    package func write(
        _ file: OpenFile,
        from bytes: UnsafeRawBufferPointer,
        offset: UInt64
    ) throws(SystemCallError) {
        var writtenByteCount = 0
        while writtenByteCount < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[writtenByteCount...])
            writtenByteCount += try repeating { () throws(SystemCallError) in
                try fileSystem.write(file.descriptor, from: rest, offset: offset + UInt64(writtenByteCount))
            }
        }
    }

    package func synchronize(_ file: OpenFile) throws(SystemCallError) {
        try repeating { () throws(SystemCallError) in try fileSystem.synchronize(file.descriptor) }
    }

    /// Makes the names in a directory durable.
    package func synchronizeDirectory(_ path: String) throws(SystemCallError) {
        let directory = try open(path, .read)
        defer { directory.close() }
        try synchronize(directory)
    }

    package func status(of file: OpenFile) throws(SystemCallError) -> FileStatus {
        try repeating { () throws(SystemCallError) in try fileSystem.status(of: file.descriptor) }
    }

    package func status(at path: String) throws(SystemCallError) -> FileStatus {
        try repeating { () throws(SystemCallError) in try fileSystem.status(at: path) }
    }

    /// The status, or nil if nothing is there.
    package func statusIfPresent(at path: String) throws(SystemCallError) -> FileStatus? {
        do {
            return try status(at: path)
        } catch let error where error.condition == .notFound {
            return nil
        }
    }

    package func rename(_ source: String, to target: String) throws(SystemCallError) {
        try repeating { () throws(SystemCallError) in try fileSystem.rename(source, to: target) }
    }

    /// Gives `source` the name `target` unless that exists; `source` is gone afterwards.
    ///
    /// A hard link does not replace. Where there are none (exFAT, some network shares), the name is looked for before
    /// it is taken; there only the locks of the repository keep two writers apart.
    package func renameExclusively(_ source: String, to target: String) throws(SystemCallError) {
        do {
            try repeating { () throws(SystemCallError) in try fileSystem.link(source, to: target) }
        } catch let error where error.condition == .unsupported || error.condition == .permissionDenied {
            guard try statusIfPresent(at: target) == nil else {
                throw SystemCallError(call: "rename", number: SystemCallError.existsNumber, path: target)
            }
            return try rename(source, to: target)
        }
        // The object has its name; a temporary one that stays is swept later.
        _ = try? unlinkIfPresent(source)
    }

    /// Removes a name; tells whether there was one.
    @discardableResult
    package func unlinkIfPresent(_ path: String) throws(SystemCallError) -> Bool {
        do {
            try repeating { () throws(SystemCallError) in try fileSystem.unlink(path) }
            return true
        } catch let error where error.condition == .notFound {
            return false
        }
    }

    /// Makes a directory, mode 0700; tells whether it is new.
    @discardableResult
    package func makeDirectory(_ path: String) throws(SystemCallError) -> Bool {
        do {
            try repeating { () throws(SystemCallError) in try fileSystem.makeDirectory(path) }
            return true
        } catch let error where error.condition == .exists {
            return false
        }
    }

    /// Makes a directory and the missing ones above it; every new name is durable.
    package func makeDirectories(_ path: String) throws(SystemCallError) {
        if try statusIfPresent(at: path) != nil { return }
        let parent = parentDirectory(of: path)
        if parent != path { try makeDirectories(parent) }
        if try makeDirectory(path) { try synchronizeDirectory(parent) }
    }

    /// Removes a directory if it is empty; tells whether it did.
    @discardableResult
    package func removeDirectoryIfEmpty(_ path: String) throws(SystemCallError) -> Bool {
        do {
            try repeating { () throws(SystemCallError) in try fileSystem.removeDirectory(path) }
            return true
        } catch let error
            where error.condition == .notEmpty || error.condition == .exists || error.condition == .notFound
        {
            return false
        }
    }

    /// The names in a directory, ascending; empty if there is no such directory.
    package func names(in path: String) throws(SystemCallError) -> [String] {
        do {
            return try repeating { () throws(SystemCallError) in try fileSystem.names(in: path) }.sorted()
        } catch let error where error.condition == .notFound {
            return []
        }
    }

    /// Takes the lock of an open file without waiting; tells whether it got it.
    package func tryLock(_ file: OpenFile, _ mode: FileLock.Mode) throws(SystemCallError) -> Bool {
        do {
            try repeating { () throws(SystemCallError) in try fileSystem.lock(file.descriptor, mode) }
            return true
        } catch let error where error.condition == .wouldBlock {
            return false
        }
    }

    package func isWritable(_ path: String) throws(SystemCallError) -> Bool {
        try repeating { () throws(SystemCallError) in try fileSystem.isWritable(path) }
    }
}

/// The directory that holds `path`: "." for a bare name, "/" for the root.
package func parentDirectory(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}
