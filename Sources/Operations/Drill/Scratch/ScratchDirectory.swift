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
/// the other.
final class ScratchDirectory: Sendable {
    private static let prefix = "rewarm-drill-"
    private static let ownerName = "owner"
    /// sockaddr_un holds 108 bytes on Linux and 104 elsewhere, the end included.
    private static let longestSocketPath = 103
    /// Between a directory's making and its lock nobody else touches it for that long.
    private static let youthMilliseconds: Int64 = 60_000

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
            let path = root + "/" + prefix + String(UInt64.random(in: 1 << 60 ... .max), radix: 16)
            guard socketPath(path).utf8.count <= longestSocketPath else { continue }
            do throws(SystemCallError) {
                _ = try operations.makeDirectory(path)
                do throws(SystemCallError) {
                    let owner = try operations.open(path + "/" + ownerName, .createExclusively)
                    guard try operations.tryLock(owner, .exclusive) else { continue }
                    return ScratchDirectory(path: path, owner: owner)
                } catch {
                    remove(path, operations)
                    throw error
                }
            } catch {
                problem = "\(error)"
            }
        }
        throw DrillObstacle(
            "no directory for the scratch server could be made: \(problem)",
            "make room in the directory for temporary files, or name another one with TMPDIR"
        )
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

    private static func remove(_ path: String, _ operations: FileOperations) {
        for name in (try? operations.names(in: path)) ?? [] { _ = try? operations.unlinkIfPresent(path + "/" + name) }
        _ = try? operations.removeDirectoryIfEmpty(path)
    }

    // MARK: What killed drills left

    /// Ends the servers and removes the directories of drills that were killed; gives the directories' paths.
    static func removeAbandoned(in roots: [String], now: Int64) -> [String] {
        let operations = FileOperations(PosixFileSystem())
        var removed: [String] = []
        for root in roots {
            for name in (try? operations.names(in: root)) ?? [] where name.hasPrefix(prefix) {
                let path = root + "/" + name
                guard isOurs(path), let owner = abandonedOwner(of: path, operations, now: now) else { continue }
                ScratchProcesses.end(workingIn: path)
                remove(path, operations)
                owner?.close()
                removed.append(path)
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
    private static func abandonedOwner(of path: String, _ operations: FileOperations, now: Int64) -> OpenFile?? {
        do {
            let owner = try operations.open(path + "/" + ownerName, .readWrite)
            return try operations.tryLock(owner, .exclusive) ? .some(owner) : nil
        } catch let error where error.condition == .notFound {
            guard let status = try? operations.status(at: path) else { return nil }
            return now - status.modifiedAt.rawValue > youthMilliseconds ? .some(nil) : nil
        } catch {
            return nil
        }
    }
}
