package import SnapshotModel

/// The system calls of the local store, one method each, so that tests can fail, drop and reorder them.
///
/// Paths are absolute or relative to the working directory. Every method makes one attempt: interrupted calls and
/// short reads and writes are the business of `FileOperations`.
package protocol FileSystem: Sendable {
    func open(_ path: String, _ access: FileAccess) throws(SystemCallError) -> FileDescriptor
    func close(_ descriptor: FileDescriptor) throws(SystemCallError)
    /// pread(2): up to `buffer.count` bytes; 0 at the end of the file.
    func read(
        _ descriptor: FileDescriptor,
        into buffer: UnsafeMutableRawBufferPointer,
        offset: UInt64
    ) throws(SystemCallError) -> Int
    /// pwrite(2): up to `bytes.count` bytes.
    func write(
        _ descriptor: FileDescriptor,
        from bytes: UnsafeRawBufferPointer,
        offset: UInt64
    ) throws(SystemCallError) -> Int
    /// fsync(2), of a file or a directory.
    func synchronize(_ descriptor: FileDescriptor) throws(SystemCallError)
    /// Asks the system to begin writing a range to the device, and to forget what of it has been written already.
    ///
    /// A hint: failures are not reported.
    func startWriteback(_ descriptor: FileDescriptor, offset: UInt64, byteCount: UInt64)
    func status(of descriptor: FileDescriptor) throws(SystemCallError) -> FileStatus
    /// lstat(2).
    func status(at path: String) throws(SystemCallError) -> FileStatus
    /// rename(2): replaces what is at `target`.
    func rename(_ source: String, to target: String) throws(SystemCallError)
    /// link(2): a second name for a file; `.exists` if `target` is there.
    func link(_ source: String, to target: String) throws(SystemCallError)
    func unlink(_ path: String) throws(SystemCallError)
    /// mkdir(2) with mode 0700.
    func makeDirectory(_ path: String) throws(SystemCallError)
    func removeDirectory(_ path: String) throws(SystemCallError)
    /// The names in a directory without "." and "..", in no order.
    func names(in path: String) throws(SystemCallError) -> [String]
    /// flock(2) without waiting; `.wouldBlock` if somebody else holds it.
    func lock(_ descriptor: FileDescriptor, _ mode: FileLock.Mode) throws(SystemCallError)
    /// Whether this process may create files in the directory: access(2), and the mount is not read-only.
    func isWritable(_ path: String) throws(SystemCallError) -> Bool
    /// Bytes that an unprivileged process may still write to the file system: statvfs(3).
    func freeByteCount(at path: String) throws(SystemCallError) -> UInt64
}

/// An open file of a `FileSystem`.
package struct FileDescriptor: Hashable, Sendable {
    package var rawValue: Int32

    package init(rawValue: Int32) {
        self.rawValue = rawValue
    }
}

/// How a file is opened; always close-on-exec, and created with mode 0600.
package enum FileAccess: Sendable {
    /// An existing file or directory, for reading.
    case read
    /// An existing file, for reading and writing.
    case readWrite
    /// For reading and writing; created if it does not exist.
    case createOrOpen
    /// For reading and writing; `.exists` if there is one.
    case createExclusively
}

/// What stat(2) tells.
package struct FileStatus: Equatable, Sendable {
    package var device: UInt64
    package var inode: UInt64
    package var linkCount: UInt64
    package var byteCount: UInt64
    package var modifiedAt: UnixMilliseconds
    package var isDirectory: Bool

    package init(
        device: UInt64,
        inode: UInt64,
        linkCount: UInt64,
        byteCount: UInt64,
        modifiedAt: UnixMilliseconds,
        isDirectory: Bool
    ) {
        self.device = device
        self.inode = inode
        self.linkCount = linkCount
        self.byteCount = byteCount
        self.modifiedAt = modifiedAt
        self.isDirectory = isDirectory
    }

    /// Whether both are the same file: paths change their meaning, a file does not.
    package func isSameFile(as other: Self) -> Bool { device == other.device && inode == other.inode }
}
