import Foundation
import ObjectStorage
import SnapshotModel
import StorageSimulation
import TestSupport
import Testing

/// Locks against other processes: flock(1) of util-linux holds them.
@Suite("locks between processes", .enabled(if: FileManager.default.isExecutableFile(atPath: LockingProcess.tool)))
struct LockProcessTests {
    private let directory: TemporaryDirectory
    private let locks: LockDirectory
    private let holder = LockHolder.current(command: "test", now: UnixMilliseconds(0))

    init() throws {
        directory = try TemporaryDirectory(inMemory: true)
        locks = LockDirectory(path: directory.path("locks"))
    }

    private func take(_ mode: FileLock.Mode, timeout: Duration = .zero) async throws -> FileLock {
        try await locks.acquire(.repository, mode, holder: holder, timeout: timeout)
    }

    private func makeLockFile() async throws -> String {
        try await take(.exclusive).release()
        return "\(locks.path)/repository.lock"
    }

    @Test("are respected in both directions")
    func bothDirections() async throws {
        let file = try await makeLockFile()
        let process = try LockingProcess(file, isShared: false)
        #expect(await code { try await take(.shared) } == .locked)
        process.end()
        let lock = try await take(.exclusive)
        #expect(throws: LockingProcess.Refused.self) { try LockingProcess(file, isShared: true) }
        lock.release()
        try LockingProcess(file, isShared: true).end()
    }

    @Test("are shared by readers of several processes")
    func shared() async throws {
        let file = try await makeLockFile()
        let processes = [try LockingProcess(file, isShared: true), try LockingProcess(file, isShared: true)]
        let lock = try await take(.shared)
        #expect(await code { try await take(.exclusive) } == .locked)
        lock.release()
        for process in processes { process.end() }
        try await take(.exclusive).release()
    }

    @Test("stay with a holder that is suspended")
    func suspended() async throws {
        let process = try LockingProcess(try await makeLockFile(), isShared: false)
        process.signal(SIGSTOP)
        #expect(await code { try await take(.exclusive) } == .locked)
        #expect(await code { try await take(.shared, timeout: .milliseconds(20)) } == .locked)
        process.signal(SIGCONT)
        process.end()
        try await take(.exclusive).release()
    }

    @Test("are free when the holder is killed, and whoever waits gets them")
    func killed() async throws {
        let process = try LockingProcess(try await makeLockFile(), isShared: false)
        async let waiter = take(.exclusive, timeout: .seconds(60))
        process.signal(SIGKILL)
        try await waiter.release()
    }

    @Test("are not inherited by processes that are started meanwhile")
    func closeOnExec() async throws {
        let file = try await makeLockFile()
        let lock = try await take(.exclusive)
        // A process that outlives the lock, started while it is held.
        let child = try LockingProcess(directory.path("other"), isShared: false)
        lock.release()
        try LockingProcess(file, isShared: false).end()
        child.end()
    }
}

/// A process that holds a lock until it is told to end.
private final class LockingProcess {
    static let tool = "/usr/bin/flock"

    struct Refused: Error {}

    private let process = Process()
    private let input = Pipe()

    /// Returns when the process holds the lock; throws `Refused` if it cannot get it.
    init(_ file: String, isShared: Bool) throws {
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: Self.tool)
        process.arguments = [isShared ? "-s" : "-x", "-n", "-F", file, "/bin/sh", "-c", "echo held; exec cat"]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        guard output.fileHandleForReading.availableData == Data("held\n".utf8) else {
            process.waitUntilExit()
            throw Refused()
        }
    }

    func signal(_ number: Int32) {
        kill(process.processIdentifier, number)
    }

    func end() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}
