import Foundation
import NIOCore
import ObjectStorage
import SnapshotModel
import StorageSimulation
import TestSupport
import Testing

@Suite("the local object store")
struct LocalObjectStoreTests {
    private let directory: TemporaryDirectory
    private let key = ObjectKey("snapshots/a/part-0.rewarm")

    init() throws {
        directory = try TemporaryDirectory(inMemory: true)
    }

    @Test("keeps the promises of an object store on a real file system")
    func conformsOnDisk() async throws {
        try await ObjectStoreConformance {
            let root = directory.path(UUID().uuidString)
            try PosixFileSystem().makeDirectory(root)
            return LocalObjectStore(root: root)
        }.check()
    }

    @Test("keeps the promises of an object store on the simulated file system")
    func conformsInMemory() async throws {
        try await ObjectStoreConformance {
            let fileSystem = SimulatedFileSystem()
            try fileSystem.makeDirectory("/root")
            return LocalObjectStore(root: "/root", fileSystem: fileSystem)
        }.check()
    }

    @Test("keeps the promises where the file system has no hard links")
    func conformsWithoutHardLinks() async throws {
        try await ObjectStoreConformance {
            let root = directory.path(UUID().uuidString)
            try PosixFileSystem().makeDirectory(root)
            return LocalObjectStore(root: root, fileSystem: FaultyFileSystem(hasHardLinks: false))
        }.check()
    }

    @Test("makes files with mode 0600 and directories with mode 0700")
    func modes() async throws {
        let store = LocalObjectStore(root: directory.path)
        try await store.putIfAbsent(key, ByteBuffer(string: "x"))
        func mode(_ path: String) throws -> Int? {
            let attributes = try FileManager.default.attributesOfItem(atPath: directory.path(path))
            return (attributes[.posixPermissions] as? NSNumber)?.intValue
        }
        #expect(try mode("snapshots/a/part-0.rewarm") == 0o600)
        #expect(try mode("snapshots/a") == 0o700)
        #expect(try mode("snapshots") == 0o700)
    }

    @Test("sweeps the temporary file of a crashed upload, and only that")
    func sweeps() async throws {
        let crashing = FaultyFileSystem(PosixFileSystem(), FaultyFileSystem.Plan(call: 12, fault: .death))
        let crashed = LocalObjectStore(root: directory.path, fileSystem: crashing)
        await #expect(throws: ObjectStoreError.self) {
            let upload = try await crashed.beginUpload(key)
            for _ in 0..<10 { try await upload.append(ByteBuffer(string: "x")) }
        }
        let store = LocalObjectStore(root: directory.path)
        let running = try await store.beginUpload(key)
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path("snapshots/a"))
        #expect(names.count == 2)
        #expect(try await store.removeAbandonedUploads() == 1)
        try await running.finish()
        #expect(try await store.list(prefix: "").map(\.key) == [key])
    }

    @Test("never makes its own root: an unmounted disk is not filled")
    func missingRoot() async throws {
        let store = LocalObjectStore(root: directory.path("unmounted"))
        #expect(await code { try await store.putIfAbsent(key, ByteBuffer(string: "x")) } == .notFound)
        #expect(!FileManager.default.fileExists(atPath: directory.path("unmounted")))
    }

    @Test("says which object and which call failed")
    func messages() async throws {
        let fileSystem = FaultyFileSystem(PosixFileSystem(), byteBudget: 3)
        let store = LocalObjectStore(root: directory.path, fileSystem: fileSystem)
        let error = try await #require(throws: ObjectStoreError.self) {
            try await store.putIfAbsent(key, ByteBuffer(string: "four"))
        }
        #expect(error.code == .noSpace)
        #expect(error.message.contains("snapshots/a/part-0.rewarm"))
        #expect(error.message.contains("pwrite"))
        #expect(fileSystem.openDescriptorCount == 0)
        #expect(try await store.removeAbandonedUploads() == 0)
    }

    @Test(
        "survives interruption and short transfers at every call",
        arguments: [FaultyFileSystem.Fault.error(EINTR), .short]
    )
    func interruptions(_ fault: FaultyFileSystem.Fault) async throws {
        let payload = ByteBuffer(bytes: (0..<5000).map { UInt8(truncatingIfNeeded: $0) })
        var call = 1
        while true {
            let fileSystem = FaultyFileSystem(PosixFileSystem(), FaultyFileSystem.Plan(call: call, fault: fault))
            let store = LocalObjectStore(root: directory.path, fileSystem: fileSystem)
            let key = ObjectKey("objects/\(call)")
            try await store.putIfAbsent(key, payload)
            #expect(try await store.readWhole(key) == payload, "call \(call)")
            try await store.delete(key)
            #expect(try await store.list(prefix: "objects/").isEmpty, "call \(call)")
            if fileSystem.callCount < call { break }
            call += 1
        }
        #expect(call > 20)
    }

    @Test(
        "leaves the whole object or none, whatever call fails how",
        arguments: [EIO, ENOSPC, EACCES].map { FaultyFileSystem.Fault.error($0) } + [.death]
    )
    func failures(_ fault: FaultyFileSystem.Fault) async throws {
        let payload = ByteBuffer(bytes: (0..<5000).map { UInt8(truncatingIfNeeded: $0) })
        let clean = LocalObjectStore(root: directory.path)
        var call = 1
        while true {
            let fileSystem = FaultyFileSystem(PosixFileSystem(), FaultyFileSystem.Plan(call: call, fault: fault))
            let store = LocalObjectStore(root: directory.path, fileSystem: fileSystem)
            let key = ObjectKey("objects-\(call)/object")
            let error = await code { try await store.putIfAbsent(key, payload) }
            #expect(fileSystem.openDescriptorCount == 0, "call \(call)")
            let isVisible = try await !clean.list(prefix: "objects-\(call)/").isEmpty
            #expect(isVisible || error != nil, "call \(call): success without an object")
            if isVisible { #expect(try await clean.readWhole(key) == payload, "call \(call)") }
            let leftovers = try await clean.removeAbandonedUploads()
            #expect(fault == .death || leftovers <= 1, "call \(call)")
            if fileSystem.callCount < call { break }
            call += 1
        }
        #expect(call > 10)
    }
}
