import Catalog
import Foundation
import NIOCore
import ObjectStorage
import SnapshotModel
import StorageSimulation
import TestSupport
import Testing

@Suite("a repository")
struct RepositoryTests {
    private let fixture: RepositoryFixture

    init() throws {
        fixture = try RepositoryFixture()
    }

    @Test("is absent without its marker, with the way to make one")
    func absent() async throws {
        try FileManager.default.createDirectory(atPath: fixture.path, withIntermediateDirectories: true)
        let error = try await #require(throws: RepositoryError.self) { try await fixture.open(creates: false) }
        #expect(error.code == .absent)
        #expect(error.message.contains("--create"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.path) == [])
    }

    @Test("is absent where its directory is")
    func noDirectory() async throws {
        #expect(await code { try await fixture.open(creates: false) } == .absent)
        #expect(!FileManager.default.fileExists(atPath: fixture.path))
    }

    @Test("keeps its id, and directories of mode 0700, from the first opening on")
    func creation() async throws {
        let first = try await fixture.open()
        #expect(first.marker.id.utf8.count == 32)
        #expect(first.notices == [])
        let second = try await fixture.open(creates: false)
        #expect(second.marker == first.marker)
        let attributes = try FileManager.default.attributesOfItem(atPath: fixture.path)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o700)
    }

    @Test("is made once by processes that make it at the same time")
    func simultaneousCreation() async throws {
        let ids = try await withThrowingTaskGroup(of: String.self) { [fixture] group in
            for _ in 0..<8 { group.addTask { try await fixture.open().marker.id } }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
    }

    @Test("of a newer format is refused")
    func newerFormat() async throws {
        try FileManager.default.createDirectory(atPath: fixture.path, withIntermediateDirectories: true)
        let marker = fixture.path + "/rewarm-repository.json"
        try #"{"createdAt":0,"formatVersion":2,"id":"x"}"#.write(toFile: marker, atomically: false, encoding: .utf8)
        #expect(await code { try await fixture.open() } == .unsupportedFormat)
        try "{".write(toFile: marker, atomically: false, encoding: .utf8)
        #expect(await code { try await fixture.open() } == .corrupted)
    }

    @Test("lies by default in the XDG data home, and nowhere else")
    func defaultPath() {
        func path(_ environment: [String: String]) -> String? {
            RepositoryOptions.defaultPath(environment: environment)
        }
        #expect(path(["XDG_DATA_HOME": "/data", "HOME": "/home/me"]) == "/data/rewarm")
        #expect(path(["HOME": "/home/me"]) == "/home/me/.local/share/rewarm")
        #expect(path(["XDG_DATA_HOME": "relative", "HOME": "/home/me"]) == "/home/me/.local/share/rewarm")
        #expect(path([:]) == nil)
    }

    @Test("is read without catalog, lease and a trace when it is read-only, and says so")
    func readOnly() async throws {
        let writable = try await fixture.open()
        let manifest = try await fixture.publish(RepositoryFixture.manifest(hour: 0), to: writable).manifest
        try await fixture.state(.hold(reason: "audit", until: nil), manifest.id, writable)
        try FileManager.default.removeItem(atPath: fixture.catalogPath)
        try FileManager.default.removeItem(atPath: writable.locks.path)

        var options = fixture.options(creates: false)
        options.access = .readOnly
        let repository = try await Repository.open(options)
        #expect(repository.notices == [.readOnly(path: fixture.path)])
        let listing = try await repository.snapshots()
        #expect(listing.entries.map(\.id) == [manifest.id])
        #expect(listing.entries.first?.state.isHeld(at: fixture.clock.now) == true)
        #expect(listing.notices == repository.notices)
        #expect(try await repository.manifest(manifest.id) == manifest)
        try await repository.lease(manifest.id).release()
        let found = try await repository.find(SnapshotQuery("latest"))
        #expect(found.entry.id == manifest.id)
        #expect(await code { try await repository.publish(manifest) } == .readOnly)
        #expect(await code { try await repository.rebuildCatalog() } == .readOnly)
        #expect(await code { try await repository.purge(graceMilliseconds: 0, by: "me") } == .readOnly)
        let names = try FileManager.default.contentsOfDirectory(atPath: fixture.path).sorted()
        #expect(names == ["rewarm-repository.json", "snapshots"])
    }

    @Test("opens for reading when the file system does not let it write")
    func noWritePermission() async throws {
        _ = try await fixture.open()
        var options = fixture.options(creates: false)
        options.fileSystem = FaultyFileSystem(isWritable: false)
        let repository = try await Repository.open(options)
        #expect(!repository.isWritable)
        #expect(try await repository.snapshots().notices == [.readOnly(path: fixture.path)])
    }

    @Test("may keep its catalog elsewhere")
    func catalogElsewhere() async throws {
        var fixture = fixture
        fixture.catalogPath = fixture.directory.path("var/cache/rewarm.sqlite")
        let repository = try await fixture.open()
        let manifest = try await fixture.publish(RepositoryFixture.manifest(hour: 0), to: repository).manifest
        #expect(FileManager.default.fileExists(atPath: fixture.catalogPath))
        #expect(!FileManager.default.fileExists(atPath: fixture.path + "/catalog.sqlite"))
        #expect(try await repository.catalog().manifest(manifest.id) == manifest)
    }

    @Test("keeps two catalogs of two hosts in step")
    func twoCatalogs() async throws {
        var other = fixture
        other.catalogPath = fixture.directory.path("other.sqlite")
        let here = try await fixture.open()
        let there = try await other.open()
        _ = try await there.catalog()
        let first = try await fixture.publish(RepositoryFixture.manifest(hour: 0), to: here).manifest
        let second = try await other.publish(RepositoryFixture.manifest(hour: 1), to: there).manifest
        #expect((first.sequence, second.sequence) == (1, 2))
        try await fixture.state(.hold(reason: "audit", until: nil), second.id, here)
        let listings = [try await here.snapshots(), try await there.snapshots()]
        #expect(listings[0].entries == listings[1].entries)
        #expect(listings[0].entries.map(\.id) == [second.id, first.id])
        #expect(listings[1].entries.first?.state.heldUntil != nil)
        #expect(try await here.catalog().canonicalDump() == there.catalog().canonicalDump())
    }

    @Test("makes the catalog with mode 0600")
    func catalogMode() async throws {
        _ = try await fixture.open().catalog()
        let attributes = try FileManager.default.attributesOfItem(atPath: fixture.catalogPath)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
    }
}
