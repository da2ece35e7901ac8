import Foundation
import ObjectStorage
import SnapshotModel
import StorageSimulation
import Synchronization
import TestSupport
import Testing

@Suite("locks")
struct LockDirectoryTests {
    private let directory: TemporaryDirectory
    private let locks: LockDirectory
    private let holder = LockHolder(
        processID: 42,
        host: "backup-1",
        command: "snapshot cache",
        since: UnixMilliseconds(1_700_000_000_000)
    )

    init() throws {
        directory = try TemporaryDirectory(inMemory: true)
        locks = LockDirectory(path: directory.path("locks"))
    }

    private func take(_ name: LockName, _ mode: FileLock.Mode) async throws -> FileLock {
        try await locks.acquire(name, mode, holder: holder)
    }

    @Test("exclude each other within a process as between processes")
    func exclusion() async throws {
        let first = try await take(.repository, .exclusive)
        #expect(await code { try await take(.repository, .exclusive) } == .locked)
        #expect(await code { try await take(.repository, .shared) } == .locked)
        let other = try await take(.publishing, .exclusive)
        first.release()
        let readers = [try await take(.repository, .shared), try await take(.repository, .shared)]
        #expect(await code { try await take(.repository, .exclusive) } == .locked)
        readers[0].release()
        #expect(await code { try await take(.repository, .exclusive) } == .locked)
        readers[1].release()
        readers[1].release()
        try await take(.repository, .exclusive).release()
        other.release()
    }

    @Test("name every holder in the refusal")
    func refusal() async throws {
        let first = try await take(.source("cache"), .shared)
        let second = try await locks.acquire(
            .source("cache"),
            .shared,
            holder: LockHolder(
                processID: 43,
                host: "backup-2",
                command: "verify",
                since: UnixMilliseconds(1_700_000_060_000)
            )
        )
        let error = try await #require(throws: ObjectStoreError.self) { try await take(.source("cache"), .exclusive) }
        #expect(error.code == .locked)
        #expect(Set(error.holders.map(\.processID)) == [42, 43])
        #expect(error.message.contains("snapshot cache (pid 42 on backup-1, since 2023-11-14 22:13:20Z)"))
        #expect(error.message.contains("source cache"))
        first.release()
        #expect(locks.holders(of: .source("cache")).map(\.processID) == [43])
        second.release()
        #expect(locks.holders(of: .source("cache")) == [])
    }

    @Test("leave a holder file that people can read, mode 0600, while they are held")
    func holderFile() async throws {
        let lock = try await take(.repository, .exclusive)
        let names = try FileManager.default.contentsOfDirectory(atPath: locks.path).filter { $0.contains("holder") }
        let name = try #require(names.first)
        let text = try String(contentsOfFile: "\(locks.path)/\(name)", encoding: .utf8)
        #expect(text == "pid: 42\nhost: backup-1\ncommand: snapshot cache\nsince: 2023-11-14T22:13:20.000Z\n")
        #expect(LockHolder(fileText: text) == holder)
        lock.release()
        let left = try FileManager.default.contentsOfDirectory(atPath: locks.path)
        #expect(left == ["repository.lock"])
    }

    @Test("do not care for the holder file of a dead process, and remove it")
    func staleHolderFile() async throws {
        try await take(.repository, .exclusive).release()
        let stale = "\(locks.path)/.repository.holder.0123456789abcdef.tmp"
        try holder.fileText.write(toFile: stale, atomically: false, encoding: .utf8)
        let lock = try await take(.repository, .exclusive)
        let error = try await #require(throws: ObjectStoreError.self) { try await take(.repository, .shared) }
        #expect(error.holders.count == 1)
        #expect(!FileManager.default.fileExists(atPath: stale))
        lock.release()
    }

    @Test("name nobody when a holder file is damaged", arguments: ["", "pid: x\n", "pid: 1\nhost: a\n", "\u{0}\u{1}"])
    func damagedHolderText(_ text: String) {
        #expect(LockHolder(fileText: text) == nil)
    }

    @Test("are waited for until they are free")
    func waiting() async throws {
        let first = try await take(.repository, .exclusive)
        async let second = locks.acquire(.repository, .exclusive, holder: holder, timeout: .seconds(60))
        // The waiter cannot have it before this line; whether it already waits does not matter.
        first.release()
        try await second.release()
    }

    @Test("are refused when the wait is over, naming it")
    func timeout() async throws {
        let first = try await take(.repository, .exclusive)
        let error = try await #require(throws: ObjectStoreError.self) {
            try await locks.acquire(.repository, .shared, holder: holder, timeout: .milliseconds(20))
        }
        #expect(error.code == .locked)
        #expect(error.message.contains("after waiting"))
        first.release()
    }

    @Test("stop waiting when the task is cancelled")
    func cancellation() async throws {
        let first = try await take(.repository, .exclusive)
        let waiter = Task { [locks, holder] in
            try await locks.acquire(.repository, .exclusive, holder: holder, timeout: .seconds(3600))
        }
        waiter.cancel()
        #expect(await code { try await waiter.value } == .cancelled)
        first.release()
        try await take(.repository, .exclusive).release()
    }

    @Test("exclude each other also while their files come and go")
    func removal() async throws {
        let rounds = 200
        let counter = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { [locks, holder] in
                    for _ in 0..<rounds / 8 {
                        let lock = try await locks.acquire(
                            .publishing,
                            .exclusive,
                            holder: holder,
                            timeout: .seconds(60)
                        )
                        await counter.enter()
                        await Task.yield()
                        await counter.leave()
                        try locks.remove(.publishing)
                        lock.release()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(await counter.maximum == 1)
        #expect(await counter.total == rounds)
    }

    @Test("of a file that was removed between its opening and its locking exclude nobody, and are not given")
    func removedBetweenOpenAndLock() async throws {
        let first = try await take(.repository, .exclusive)
        let path = "\(locks.path)/repository.lock"
        let isFirst = Atomic(true)
        let racing = FaultyFileSystem(afterOpen: { opened in
            guard opened == path, isFirst.exchange(false, ordering: .relaxed) else { return }
            // The holder removes the file and goes; another process makes a new one and locks it.
            _ = unlink(path)
            first.release()
            close(open(path, O_CREAT | O_RDWR, 0o600))
        })
        let late = try await LockDirectory(path: locks.path, fileSystem: racing)
            .acquire(.repository, .exclusive, holder: holder)
        #expect(await code { try await take(.repository, .exclusive) } == .locked)
        late.release()
    }

    @Test("never let two writers in, over a random schedule of eight parties")
    func randomSchedule() async throws {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        let fileSystem = SimulatedFileSystem()
        try fileSystem.makeDirectory("/locks")
        let parties = (0..<8).map { _ in LockDirectory(path: "/locks", fileSystem: fileSystem) }
        var held: [Int: FileLock] = [:]
        var refusalCount = 0
        for step in 0..<10_000 {
            let party = Int.random(in: 0..<parties.count, using: &generator)
            if let lock = held.removeValue(forKey: party) {
                lock.release()
                continue
            }
            let mode: FileLock.Mode = Bool.random(using: &generator) ? .shared : .exclusive
            let others = held.values.map(\.mode)
            let isFree = mode == .exclusive ? others.isEmpty : !others.contains(.exclusive)
            do {
                held[party] = try await parties[party].acquire(.repository, mode, holder: holder)
                #expect(isFree, "seed \(seed), step \(step): granted against \(others)")
            } catch let error {
                refusalCount += 1
                #expect(error.code == .locked && !isFree, "seed \(seed), step \(step): \(error)")
                #expect(error.holders.count == others.count, "seed \(seed), step \(step)")
            }
        }
        #expect(refusalCount > 1000, "seed \(seed)")
    }

    @Test("of sources with odd names are files of their own")
    func oddNames() async throws {
        let long = String(repeating: "x", count: 400)
        let names = ["a", "A b", "a/b", "a%2fb", "../x", ".", "", "ä", "a\u{0}b", long, long + "y"]
        var taken: [FileLock] = []
        for name in names { taken.append(try await take(.source(name), .exclusive)) }
        for name in names { #expect(await code { try await take(.source(name), .exclusive) } == .locked, "\(name)") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["locks"])
        for lock in taken { lock.release() }
    }

    @Test("say clearly that a file system has no flock", arguments: [ENOSYS, ENOLCK, EOPNOTSUPP])
    func unsupported(_ number: Int32) async throws {
        var call = 1
        var messages: Set<String> = []
        repeat {
            let plan = FaultyFileSystem.Plan(call: call, fault: .error(number))
            let faulty = LockDirectory(path: locks.path, fileSystem: FaultyFileSystem(PosixFileSystem(), plan))
            do {
                try await faulty.acquire(.repository, .exclusive, holder: holder).release()
            } catch let error {
                #expect(error.code == .unsupported)
                if error.message.contains("flock") { messages.insert(error.message) }
            }
            call += 1
        } while call < 10
        #expect(messages.contains { $0.contains("choose another one") })
    }
}

private actor Counter {
    private var present = 0
    private(set) var maximum = 0
    private(set) var total = 0

    func enter() {
        present += 1
        total += 1
        maximum = max(maximum, present)
    }

    func leave() { present -= 1 }
}
