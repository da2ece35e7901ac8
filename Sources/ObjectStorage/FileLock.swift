/// A lock that lives as long as its holder: flock(2) on a file of a `LockDirectory`.
///
/// The kernel gives it up when the process ends, however it ends, so that no stale lock exists. flock belongs to the
/// open file, not to the process: two `FileLock`s of one process exclude each other like those of two processes, and
/// an operation that already holds a lock must not ask for it again. Descriptors are close-on-exec, so hooks and
/// scratch servers do not inherit locks.
package final class FileLock: Sendable {
    package enum Mode: Sendable {
        case shared
        case exclusive
    }

    package let name: String
    package let mode: Mode
    private let file: OpenFile
    /// nil where the disk was too full to write who holds it.
    private let holderFile: HolderFile?

    init(name: String, mode: Mode, file: OpenFile, holderFile: HolderFile?) {
        self.name = name
        self.mode = mode
        self.file = file
        self.holderFile = holderFile
    }

    deinit {
        release()
    }

    /// Gives the lock up; again has no effect.
    package func release() {
        holderFile?.remove()
        file.close()
    }
}
