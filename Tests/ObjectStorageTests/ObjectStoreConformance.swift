import NIOCore
import ObjectStorage
import Testing

/// What every `ObjectStore` promises.
///
/// A new store is one more test that calls `check`.
struct ObjectStoreConformance {
    /// Makes an empty store.
    let makeStore: () throws -> any ObjectStore

    func check() async throws {
        try await objectsBecomeVisibleAtFinish()
        try await putIfAbsentNeverReplaces()
        try await finishNeverReplaces()
        try await readsAreExact()
        try await readBackSeesWhatWasAppended()
        try await listingsAreOrderedAndComplete()
        try await deletingIsIdempotent()
        try await missingObjectsAreNotFound()
        try await oneOfManyWritersWins()
        try await runningUploadsAreNotAbandoned()
    }

    private let key = ObjectKey("snapshots/a/part-0.rewarm")

    private func objectsBecomeVisibleAtFinish() async throws {
        let store = try makeStore()
        let upload = try await store.beginUpload(key)
        try await upload.append(ByteBuffer(string: "hello "))
        try await upload.append(ByteBuffer(string: "world"))
        #expect(try await store.list(prefix: "").isEmpty)
        #expect(await code { try await store.byteCount(of: key) } == .notFound)
        try await upload.finish()
        #expect(try await store.list(prefix: "").map(\.key) == [key])
        #expect(try await store.byteCount(of: key) == 11)
        #expect(String(buffer: try await store.readWhole(key)) == "hello world")
        await upload.abort()
        #expect(try await store.byteCount(of: key) == 11, "abort after finish changed the object")

        let given = try await store.beginUpload(ObjectKey("snapshots/b/x"))
        try await given.append(ByteBuffer(string: "gone"))
        await given.abort()
        #expect(try await store.list(prefix: "").map(\.key) == [key])
        #expect(try await store.removeAbandonedUploads() == 0, "abort left something behind")
    }

    private func putIfAbsentNeverReplaces() async throws {
        let store = try makeStore()
        try await store.putIfAbsent(key, ByteBuffer(string: "first"))
        #expect(await code { try await store.putIfAbsent(key, ByteBuffer(string: "second")) } == .alreadyExists)
        #expect(String(buffer: try await store.readWhole(key)) == "first")
        #expect(try await store.removeAbandonedUploads() == 0)
    }

    private func finishNeverReplaces() async throws {
        let store = try makeStore()
        let upload = try await store.beginUpload(key)
        try await upload.append(ByteBuffer(string: "late"))
        try await store.putIfAbsent(key, ByteBuffer(string: "first"))
        #expect(await code { try await upload.finish() } == .alreadyExists)
        await upload.abort()
        #expect(String(buffer: try await store.readWhole(key)) == "first")
    }

    private func readsAreExact() async throws {
        let store = try makeStore()
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try await store.putIfAbsent(key, ByteBuffer(bytes: bytes))
        let reader = try await store.openReader(key)
        #expect(reader.byteCount == 100_000)
        for (offset, count, expected) in [(0, 10, 10), (99_990, 100, 10), (100_000, 5, 0), (200_000, 5, 0), (7, 0, 0)] {
            let read = try await reader.read(offset: UInt64(offset), byteCount: count)
            #expect(Array(buffer: read) == Array(bytes.dropFirst(offset).prefix(expected)))
        }
        await reader.close()
        #expect(await code { try await store.readWhole(key, limit: 99_999) } == .corrupted)
    }

    private func readBackSeesWhatWasAppended() async throws {
        let store = try makeStore()
        let upload = try await store.beginUpload(key)
        try await upload.append(ByteBuffer(string: "0123456789"))
        func readBack(_ offset: UInt64) async throws -> String {
            var buffer = ByteBuffer(string: "+")
            try await upload.readBack(offset: offset, byteCount: 4, into: &buffer)
            return String(buffer: buffer)
        }
        #expect(try await readBack(3) == "+3456")
        #expect(try await readBack(8) == "+89")
        #expect(try await readBack(10) == "+")
        try await upload.append(ByteBuffer(string: "ab"))
        #expect(try await readBack(8) == "+89ab")
        await upload.abort()
    }

    private func listingsAreOrderedAndComplete() async throws {
        let store = try makeStore()
        let paths = ["m", "s/a/facts/2.json", "s/a/facts/1.json", "s/a/x", "s/ab/x", "s/b/x", "t/a"]
        for path in paths.shuffled() { try await store.putIfAbsent(ObjectKey(path), ByteBuffer(string: path)) }
        func listed(_ prefix: String) async throws -> [String] {
            try await store.list(prefix: prefix).map(\.key.path)
        }
        #expect(try await listed("") == paths.sorted())
        #expect(try await listed("s/a") == ["s/a/facts/1.json", "s/a/facts/2.json", "s/a/x", "s/ab/x"])
        #expect(try await listed("s/a/") == ["s/a/facts/1.json", "s/a/facts/2.json", "s/a/x"])
        #expect(try await listed("s/a/facts/2") == ["s/a/facts/2.json"])
        #expect(try await listed("none/") == [])
        #expect(try await store.list(prefix: "s/b").first?.byteCount == 5)
        #expect(try await store.listComponents(prefix: "s/") == ["a", "ab", "b"])
        #expect(try await store.listComponents(prefix: "s/a/facts/") == ["1.json", "2.json"])
        #expect(try await store.listComponents(prefix: "none/") == [])
    }

    private func deletingIsIdempotent() async throws {
        let store = try makeStore()
        let other = ObjectKey("snapshots/a/manifest.json")
        for key in [key, other] { try await store.putIfAbsent(key, ByteBuffer(string: "x")) }
        try await store.delete(key)
        try await store.delete(key)
        #expect(try await store.list(prefix: "").map(\.key) == [other])
        try await store.delete(other)
        #expect(try await store.listComponents(prefix: "snapshots/") == [])
        try await store.delete(ObjectKey("never/there"))
        try await store.putIfAbsent(key, ByteBuffer(string: "again"))
        #expect(String(buffer: try await store.readWhole(key)) == "again")
    }

    private func missingObjectsAreNotFound() async throws {
        let store = try makeStore()
        #expect(await code { try await store.openReader(key) } == .notFound)
        #expect(await code { try await store.byteCount(of: key) } == .notFound)
        #expect(await code { try await store.readWhole(key) } == .notFound)
    }

    private func oneOfManyWritersWins() async throws {
        let store = try makeStore()
        let key = key
        let winners = try await withThrowingTaskGroup(of: String?.self) { group in
            for writer in 0..<16 {
                group.addTask {
                    do {
                        try await store.putIfAbsent(key, ByteBuffer(string: "writer \(writer)"))
                        return "writer \(writer)"
                    } catch let error as ObjectStoreError where error.code == .alreadyExists {
                        return nil
                    }
                }
            }
            return try await group.reduce(into: [String]()) { winners, winner in
                if let winner { winners.append(winner) }
            }
        }
        #expect(winners.count == 1)
        #expect(winners == [String(buffer: try await store.readWhole(key))])
    }

    private func runningUploadsAreNotAbandoned() async throws {
        let store = try makeStore()
        let upload = try await store.beginUpload(key)
        try await upload.append(ByteBuffer(string: "x"))
        #expect(try await store.removeAbandonedUploads() == 0)
        try await upload.finish()
        #expect(try await store.byteCount(of: key) == 1)
    }
}

/// The code of the error that `body` throws; nil if it throws none.
func code<Result>(_ body: () async throws -> Result) async -> ObjectStoreError.Code? {
    do {
        _ = try await body()
        return nil
    } catch {
        return (error as? ObjectStoreError)?.code
    }
}
