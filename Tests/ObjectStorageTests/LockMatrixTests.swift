import Foundation
import ObjectStorage
import SnapshotModel
import TestSupport
import Testing

/// Row 9 of the fault tests: every pair of locks that two parties can ask for, and what must not matter for them.
@Suite("two parties' locks")
struct LockMatrixTests {
    /// What the first holds and the second asks for.
    struct Pair: Sendable, CustomTestStringConvertible {
        var held: LockName
        var asked: LockName
        var heldMode: FileLock.Mode
        var askedMode: FileLock.Mode

        var isGranted: Bool { held != asked || (heldMode == .shared && askedMode == .shared) }
        var testDescription: String { "\(held) \(heldMode), then \(asked) \(askedMode)" }
    }

    private static let snapshot = SnapshotID(instant: UnixMilliseconds(0), random: 1)
    private static let names: [LockName] = [.repository, .publishing, .snapshot(snapshot), .source("cache")]
    private static let modes: [FileLock.Mode] = [.shared, .exclusive]

    /// All 64 of them.
    static let pairs = names.flatMap { held in
        names.flatMap { asked in
            modes.flatMap { heldMode in
                modes.map { Pair(held: held, asked: asked, heldMode: heldMode, askedMode: $0) }
            }
        }
    }

    private let directory: TemporaryDirectory
    private let locks: LockDirectory

    init() throws {
        directory = try TemporaryDirectory(inMemory: true)
        locks = LockDirectory(path: directory.path("locks"))
    }

    private func holder(_ processID: Int32 = 42, since: Int64 = 0) -> LockHolder {
        LockHolder(processID: processID, host: "backup-1", command: "test", since: UnixMilliseconds(since))
    }

    @Test("go together or exclude each other as their modes say", arguments: pairs)
    func pair(_ pair: Pair) async throws {
        let first = try await locks.acquire(pair.held, pair.heldMode, holder: holder())
        // Waits where it must get it: a child that other tests start shares open locks until its exec.
        let patience: Duration = pair.isGranted ? .seconds(20) : .zero
        let second = try? await locks.acquire(pair.asked, pair.askedMode, holder: holder(43), timeout: patience)
        #expect((second != nil) == pair.isGranted)
        second?.release()
        first.release()
        try await locks.acquire(pair.asked, .exclusive, holder: holder(44), timeout: .seconds(20)).release()
    }

    /// Holder files as dead, foreign and confused processes leave them: only the flock counts.
    @Test(
        "do not depend on what a holder file says",
        arguments: [
            "pid: 1\nhost: backup-1\ncommand: init\nsince: 2023-11-14T22:13:20.000Z\n",
            "pid: 2147483647\nhost: backup-1\ncommand: gone\nsince: 2023-11-14T22:13:20.000Z\n",
            "pid: 42\nhost: elsewhere\ncommand: other host\nsince: 2023-11-14T22:13:20.000Z\n",
            "pid: 42\nhost: backup-1\ncommand: from the future\nsince: 2999-01-01T00:00:00.000Z\n",
            "pid: 42\nhost: backup-1\ncommand: from the past\nsince: 1970-01-01T00:00:00.000Z\n",
            "", "pid:", "\u{0}\u{FFFD}",
        ]
    )
    func staleHolder(_ text: String) async throws {
        try await locks.acquire(.repository, .exclusive, holder: holder(), timeout: .seconds(20)).release()
        let path = "\(locks.path)/.repository.holder.0123456789abcdef.tmp"
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        let lock = try await locks.acquire(.repository, .exclusive, holder: holder(), timeout: .seconds(20))
        #expect(locks.holders(of: .repository).map(\.processID) == [42])
        #expect(!FileManager.default.fileExists(atPath: path))
        lock.release()
        #expect(locks.holders(of: .repository) == [])
    }

    @Test(
        "stay as they are when the clock jumps",
        arguments: [-1_000_000_000_000, -1, 1, 1_000_000_000_000] as [Int64]
    )
    func clockJump(_ jump: Int64) async throws {
        let before: Int64 = 1_700_000_000_000
        let first = try await locks.acquire(.repository, .exclusive, holder: holder(since: before))
        // Who comes after the jump has another time in his holder file, and neither gets nor breaks the lock.
        for _ in 0..<3 {
            let second = try? await locks.acquire(.repository, .shared, holder: holder(43, since: before + jump))
            #expect(second == nil)
        }
        #expect(locks.holders(of: .repository).map(\.since.rawValue) == [before])
        first.release()
        try await locks.acquire(.repository, .shared, holder: holder(43), timeout: .seconds(20)).release()
    }

    @Test("tell which snapshots are read, and by whom no more")
    func leasedSnapshots() async throws {
        let ids = (0..<3).map { SnapshotID(instant: UnixMilliseconds($0), random: 5) }
        var leases: [FileLock] = []
        for id in ids { leases.append(try await locks.acquire(.snapshot(id), .shared, holder: holder())) }
        #expect(locks.leasedSnapshots() == Set(ids))
        leases[1].release()
        #expect(locks.leasedSnapshots() == [ids[0], ids[2]])
        leases[0].release()
        leases[2].release()
        #expect(locks.leasedSnapshots() == [])
    }
}
