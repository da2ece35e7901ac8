package import ArchiveIO
package import SnapshotModel

/// What every operation is given: where the repository is, the clock, who acts, and whom to tell.
package struct OperationContext: Sendable {
    package var repository: RepositoryLocation
    /// The user's own directories; the journals of restores lie in `state`.
    package var directories: UserDirectories
    /// This host's clock.
    package var now: @Sendable () -> UnixMilliseconds
    /// Who acts, `user@host`, for facts and lock holders.
    package var actor: String
    /// The command as a person knows it, `rewarm snapshot`, for lock holders; without arguments (they may hold secrets).
    package var command: String
    /// How long to wait for a lock, in milliseconds; 0 fails at once.
    package var lockPatienceMilliseconds: Int64
    /// Told how far the operation is, from any task, often (some ten times a second): it must return quickly.
    package var progress: @Sendable (OperationProgress) -> Void
    /// Told what the operator should know, from any task.
    package var notify: @Sendable (OperationNotice) -> Void
    /// Measures the reading of archives; nil where nobody asks.
    package var archiveMeter: ArchiveMeter?

    package init(
        repository: RepositoryLocation,
        directories: UserDirectories = .current,
        now: @escaping @Sendable () -> UnixMilliseconds = { UnixMilliseconds.now },
        actor: String,
        command: String,
        lockPatienceMilliseconds: Int64 = 0,
        progress: @escaping @Sendable (OperationProgress) -> Void = { _ in },
        notify: @escaping @Sendable (OperationNotice) -> Void = { _ in }
    ) {
        self.repository = repository
        self.directories = directories
        self.now = now
        self.actor = actor
        self.command = command
        self.lockPatienceMilliseconds = lockPatienceMilliseconds
        self.progress = progress
        self.notify = notify
    }

    package func warn(_ text: String) { notify(OperationNotice(.warning, text)) }
    package func inform(_ text: String) { notify(OperationNotice(.notice, text)) }
    package func detail(_ text: String) { notify(OperationNotice(.detail, text)) }
}
