import SnapshotModel

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The file system of the machine.
package struct PosixFileSystem: FileSystem {
    package init() {}

    package func open(_ path: String, _ access: FileAccess) throws(SystemCallError) -> FileDescriptor {
        let flags: Int32 =
            switch access {
            case .read: O_RDONLY
            case .readWrite: O_RDWR
            case .createOrOpen: O_RDWR | O_CREAT
            case .createExclusively: O_RDWR | O_CREAT | O_EXCL
            }
        #if canImport(Glibc)
        let result = Glibc.open(path, flags | O_CLOEXEC, 0o600)
        #else
        let result = Darwin.open(path, flags | O_CLOEXEC, 0o600)
        #endif
        return FileDescriptor(rawValue: try check(result, "open", path))
    }

    /// Closes the descriptor, and gives up a lock on it first: a child process has the open file, and with it the
    /// lock, from its fork to its exec, so that closing alone would leave the lock held for that moment.
    package func close(_ descriptor: FileDescriptor) throws(SystemCallError) {
        _ = flock(descriptor.rawValue, LOCK_UN)
        #if canImport(Glibc)
        _ = try check(Glibc.close(descriptor.rawValue), "close")
        #else
        _ = try check(Darwin.close(descriptor.rawValue), "close")
        #endif
    }

    package func read(
        _ descriptor: FileDescriptor,
        into buffer: UnsafeMutableRawBufferPointer,
        offset: UInt64
    ) throws(SystemCallError) -> Int {
        try check(pread(descriptor.rawValue, buffer.baseAddress, buffer.count, off_t(clamping: offset)), "pread")
    }

    package func write(
        _ descriptor: FileDescriptor,
        from bytes: UnsafeRawBufferPointer,
        offset: UInt64
    ) throws(SystemCallError) -> Int {
        try check(pwrite(descriptor.rawValue, bytes.baseAddress, bytes.count, off_t(clamping: offset)), "pwrite")
    }

    package func synchronize(_ descriptor: FileDescriptor) throws(SystemCallError) {
        _ = try check(fsync(descriptor.rawValue), "fsync")
    }

    package func startWriteback(_ descriptor: FileDescriptor, offset: UInt64, byteCount: UInt64) {
        #if canImport(Glibc)
        // On Linux this advice begins the write-out of dirty pages, without waiting and without dropping them
        // (mm/fadvise.c), so that fsync at the end has less to do; clean pages it drops.
        _ = posix_fadvise(
            descriptor.rawValue,
            off_t(clamping: offset),
            off_t(clamping: byteCount),
            POSIX_FADV_DONTNEED
        )
        #endif
    }

    package func status(of descriptor: FileDescriptor) throws(SystemCallError) -> FileStatus {
        var status = stat()
        _ = try check(fstat(descriptor.rawValue, &status), "fstat")
        return FileStatus(status)
    }

    package func status(at path: String) throws(SystemCallError) -> FileStatus {
        var status = stat()
        _ = try check(lstat(path, &status), "lstat", path)
        return FileStatus(status)
    }

    package func isWritable(_ path: String) throws(SystemCallError) -> Bool {
        guard access(path, W_OK) == 0 else {
            guard errno == EACCES || errno == EROFS || errno == EPERM else {
                throw SystemCallError(call: "access", number: errno, path: path)
            }
            return false
        }
        var status = statvfs()
        _ = try check(statvfs(path, &status), "statvfs", path)
        return UInt64(status.f_flag) & UInt64(ST_RDONLY) == 0
    }

    package func freeByteCount(at path: String) throws(SystemCallError) -> UInt64 {
        var status = statvfs()
        _ = try check(statvfs(path, &status), "statvfs", path)
        return UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue
    }
}

extension PosixFileSystem {
    package func rename(_ source: String, to target: String) throws(SystemCallError) {
        #if canImport(Glibc)
        _ = try check(Glibc.rename(source, target), "rename", target)
        #else
        _ = try check(Darwin.rename(source, target), "rename", target)
        #endif
    }

    package func link(_ source: String, to target: String) throws(SystemCallError) {
        #if canImport(Glibc)
        _ = try check(Glibc.link(source, target), "link", target)
        #else
        _ = try check(Darwin.link(source, target), "link", target)
        #endif
    }

    package func unlink(_ path: String) throws(SystemCallError) {
        #if canImport(Glibc)
        _ = try check(Glibc.unlink(path), "unlink", path)
        #else
        _ = try check(Darwin.unlink(path), "unlink", path)
        #endif
    }

    package func makeDirectory(_ path: String) throws(SystemCallError) {
        _ = try check(mkdir(path, 0o700), "mkdir", path)
    }

    package func removeDirectory(_ path: String) throws(SystemCallError) {
        _ = try check(rmdir(path), "rmdir", path)
    }

    package func names(in path: String) throws(SystemCallError) -> [String] {
        guard let directory = opendir(path) else {
            throw SystemCallError(call: "opendir", number: errno, path: path)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(directory) else {
                guard errno == 0 else { throw SystemCallError(call: "readdir", number: errno, path: path) }
                return names
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
    }

    package func lock(_ descriptor: FileDescriptor, _ mode: FileLock.Mode) throws(SystemCallError) {
        let operation = mode == .exclusive ? LOCK_EX : LOCK_SH
        _ = try check(flock(descriptor.rawValue, operation | LOCK_NB), "flock")
    }

    private func check<Result: SignedInteger>(
        _ result: Result,
        _ call: StaticString,
        _ path: String = ""
    ) throws(SystemCallError) -> Result {
        guard result >= 0 else { throw SystemCallError(call: "\(call)", number: errno, path: path) }
        return result
    }
}

extension FileStatus {
    fileprivate init(_ status: stat) {
        #if canImport(Glibc)
        let modified = status.st_mtim
        #else
        let modified = status.st_mtimespec
        #endif
        self.init(
            device: UInt64(truncatingIfNeeded: status.st_dev),
            inode: UInt64(truncatingIfNeeded: status.st_ino),
            linkCount: UInt64(status.st_nlink),
            byteCount: UInt64(clamping: status.st_size),
            modifiedAt: UnixMilliseconds(Int64(modified.tv_sec) * 1000 + Int64(modified.tv_nsec) / 1_000_000),
            isDirectory: status.st_mode & S_IFMT == S_IFDIR
        )
    }
}
