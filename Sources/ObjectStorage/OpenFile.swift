import Synchronization

/// An open descriptor with an owner: closed once, at the latest when nobody refers to it any more.
package final class OpenFile: Sendable {
    package let descriptor: FileDescriptor
    package let path: String
    private let fileSystem: any FileSystem
    private let isClosed = Atomic<Bool>(false)

    init(_ descriptor: FileDescriptor, path: String, _ fileSystem: any FileSystem) {
        self.descriptor = descriptor
        self.path = path
        self.fileSystem = fileSystem
    }

    deinit {
        close()
    }

    /// Closes the descriptor, and with it gives up its lock.
    ///
    /// What matters was synchronised before, so an error of close(2) tells nothing; it is not repeated, because the
    /// descriptor is gone in any case.
    package func close() {
        guard !isClosed.exchange(true, ordering: .relaxed) else { return }
        try? fileSystem.close(descriptor)
    }
}
