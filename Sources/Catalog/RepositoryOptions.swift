package import ObjectStorage
package import SnapshotModel

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// How a repository is to be opened.
package struct RepositoryOptions: Sendable {
    package enum Access: Sendable {
        /// For writing where the place allows it, else for reading.
        case automatic
        /// For reading, from the manifests, without locks.
        case readOnly
    }

    /// The directory.
    package var path: String
    /// Make the repository if it is not there: asked for by name, or because it is the default one.
    package var creates: Bool
    /// Where the catalog lies if not in the repository.
    package var catalogPath: String?
    package var access: Access
    /// What holder files say that this process does; no secrets.
    package var command: String
    /// How long to wait for a lock that somebody else holds.
    package var lockTimeout: Duration
    /// This host's clock.
    package var now: @Sendable () -> UnixMilliseconds
    /// Where the objects and locks lie.
    package var fileSystem: any FileSystem
    /// Where the catalog lies; SQLite itself always uses the machine's file system.
    package var catalogFileSystem: any FileSystem

    package init(
        path: String,
        creates: Bool = false,
        catalogPath: String? = nil,
        access: Access = .automatic,
        command: String = "rewarm",
        lockTimeout: Duration = .zero
    ) {
        self.path = path
        self.creates = creates
        self.catalogPath = catalogPath
        self.access = access
        self.command = command
        self.lockTimeout = lockTimeout
        now = Self.hostTime
        fileSystem = PosixFileSystem()
        catalogFileSystem = PosixFileSystem()
    }

    /// The repository of a user who named none: `rewarm` in the XDG data home; nil without `HOME`.
    ///
    /// XDG Base Directory Specification: `$XDG_DATA_HOME` if set and absolute, else `$HOME/.local/share`.
    package static func defaultPath(environment: [String: String]) -> String? {
        if let dataHome = environment["XDG_DATA_HOME"], dataHome.hasPrefix("/") { return "\(dataHome)/rewarm" }
        guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
        return "\(home)/.local/share/rewarm"
    }

    @Sendable private static func hostTime() -> UnixMilliseconds {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UnixMilliseconds(Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
