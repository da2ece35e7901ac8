import ObjectStorage
import SnapshotModel

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The directory of one scratch server: made for a drill, removed after it.
///
/// ```
/// $TMPDIR/rewarm-drill-<hexadecimal>/     mode 0700
///     owner          locked by the drill for as long as it lives
///     node.sock      the server's socket
/// ```
/// The lock is what tells a drill at work from one that was killed: the kernel gives it up with the process. The server
/// has the directory as its working directory and inherits no descriptor, so it is known by the one and does not keep
/// the other. A directory without the file is one that is just being made, and empty, or one whose removal was broken
/// off: nobody removes that file of another drill but with its lock.
final class ScratchDirectory: Sendable {
    private static let prefix = "rewarm-drill-"
    private static let ownerName = "owner"
    /// sockaddr_un holds 108 bytes on Linux and 104 elsewhere, the end included.
    private static let longestSocketPath = 103
    /// Another drill may take a directory for abandoned between its making and its lock; that often in a row it will
    /// not.
    private static let attemptCount = 10

    let path: String
    private let owner: OpenFile

    private init(path: String, owner: OpenFile) {
        (self.path, self.owner) = (path, owner)
    }

    var socketPath: String { Self.socketPath(path) }

    private static func socketPath(_ directory: String) -> String { directory + "/node.sock" }

    /// Makes one in the first of `roots` that can have it.
    static func make(in roots: [String]) throws(DrillObstacle) -> ScratchDirectory {
        let operations = FileOperations(PosixFileSystem())
        var problem = "there is no directory for temporary files"
        for root in roots {
            for _ in 0..<attemptCount {
                let path = root + "/" + prefix + String(UInt64.random(in: 1 << 60 ... .max), radix: 16)
                guard socketPath(path).utf8.count <= longestSocketPath else { break }
                do throws(SystemCallError) {
                    if let made = try make(path, operations) { return made }
                } catch {
                    problem = "\(error)"
                    break
                }
            }
        }
        throw DrillObstacle(
            "no directory for the scratch server could be made: \(problem)",
            "make room in the directory for temporary files, or name another one with TMPDIR"
        )
    }

    /// nil if another drill took it for abandoned meanwhile.
    private static func make(_ path: String, _ operations: FileOperations) throws(SystemCallError) -> ScratchDirectory?
    {
        _ = try operations.makeDirectory(path)
        do throws(SystemCallError) {
            let owner = try operations.open(path + "/" + ownerName, .createExclusively)
            guard try operations.tryLock(owner, .exclusive), try operations.status(of: owner).linkCount > 0 else {
                return nil
            }
            return ScratchDirectory(path: path, owner: owner)
        } catch let error where error.condition == .notFound {
            return nil
        } catch {
            remove(path, operations)
            throw error
        }
    }

    /// Where directories of drills are made and looked for.
    static func roots(_ directories: UserDirectories) -> [String] {
        let named = directories.environment("TMPDIR").flatMap { $0.hasPrefix("/") ? $0 : nil }
        return ([named, "/tmp"].compactMap(\.self) as [String]).reduce(into: []) { roots, root in
            if !roots.contains(root) { roots.append(root) }
        }
    }

    /// Removes it, when its server has ended.
    func remove() {
        Self.remove(path, FileOperations(PosixFileSystem()))
        owner.close()
    }

    /// Whether it is gone.
    @discardableResult
    private static func remove(_ path: String, _ operations: FileOperations, keeping kept: String? = nil) -> Bool {
        for name in (try? operations.names(in: path)) ?? [] where name != kept {
            _ = try? operations.unlinkIfPresent(path + "/" + name)
        }
        return (try? operations.removeDirectoryIfEmpty(path)) ?? false
    }

    // MARK: What killed drills left

    /// Ends the servers and removes the directories of drills that were killed; gives the directories' paths.
    static func removeAbandoned(in roots: [String]) -> [String] {
        let operations = FileOperations(PosixFileSystem())
        var removed: [String] = []
        for root in roots {
            for name in (try? operations.names(in: root)) ?? [] where name.hasPrefix(prefix) {
                let path = root + "/" + name
                guard isOurs(path), let owner = abandonedOwner(of: path, operations) else { continue }
                // Without a lock only what cannot be of a drill at work.
                if owner != nil { ScratchProcesses.end(workingIn: path) }
                if remove(path, operations, keeping: owner == nil ? ownerName : nil) { removed.append(path) }
                owner?.close()
            }
        }
        return removed
    }

    /// A directory of this user that nobody else can have put anything into.
    private static func isOurs(_ path: String) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else {
            return false
        }
        return status.st_mode & 0o077 == 0
    }

    /// The lock, if the drill that had it is gone; nil inside where it never had one, nil if it is alive.
    private static func abandonedOwner(of path: String, _ operations: FileOperations) -> OpenFile?? {
        do {
            let owner = try operations.open(path + "/" + ownerName, .readWrite)
            return try operations.tryLock(owner, .exclusive) ? .some(owner) : nil
        } catch let error where error.condition == .notFound {
            return .some(nil)
        } catch {
            return nil
        }
    }
}
