package import NIOCore
package import SnapshotModel

/// Write-once objects by name: what a repository needs of its storage, and nothing more.
///
/// A local directory today, an object store later. Neither rename nor append is promised. An object never changes
/// after it became visible; a reader sees all of it or none.
package protocol ObjectStore: Sendable {
    /// Begins an object that becomes visible at `finish`. Throws `.alreadyExists` then if the key was taken meanwhile.
    func beginUpload(_ key: ObjectKey) async throws(ObjectStoreError) -> any ObjectUpload

    /// Writes a small object whole and durably; throws `.alreadyExists`, and changes nothing, if the key is taken.
    func putIfAbsent(_ key: ObjectKey, _ bytes: ByteBuffer) async throws(ObjectStoreError)

    /// The object's size in bytes; throws `.notFound`.
    func byteCount(of key: ObjectKey) async throws(ObjectStoreError) -> UInt64

    /// Opens an object for ranged reads; throws `.notFound`.
    func openReader(_ key: ObjectKey) async throws(ObjectStoreError) -> any ObjectReader

    /// The visible objects whose key begins with `prefix` (empty: all), in ascending order of keys.
    func list(prefix: String) async throws(ObjectStoreError) -> [ObjectEntry]

    /// The distinct next components below `prefix` (empty, or ending in `/`), ascending: what a listing with the
    /// delimiter `/` gives. A component may have no object left.
    func listComponents(prefix: String) async throws(ObjectStoreError) -> [String]

    /// Removes an object durably. An object that does not exist is no error.
    func delete(_ key: ObjectKey) async throws(ObjectStoreError)

    /// Removes what crashed uploads left behind, never anything of an upload that is still running; tells how many.
    func removeAbandonedUploads() async throws(ObjectStoreError) -> Int
}

/// An object being written.
///
/// It ends with exactly one of `finish` and `abort`.
package protocol ObjectUpload: AnyObject, Sendable {
    /// Appends bytes. One call at a time.
    func append(_ bytes: ByteBuffer) async throws(ObjectStoreError)

    /// Reads what was appended, also while later bytes are being appended: `buffer` gets exactly `byteCount` bytes from
    /// `offset`, fewer only at the end of what was appended.
    func readBack(offset: UInt64, byteCount: Int, into buffer: inout ByteBuffer) async throws(ObjectStoreError)

    /// Makes the object durable and visible under its key, as a whole. After an error the object may or may not be
    /// visible; call `abort` to give up what remains.
    func finish() async throws(ObjectStoreError)

    /// Gives the upload up; nothing of it remains. No effect after a successful `finish`.
    func abort() async
}

/// An open object.
package protocol ObjectReader: Sendable {
    /// The object's size in bytes.
    var byteCount: UInt64 { get }

    /// Exactly `byteCount` bytes from `offset`, fewer only at the end of the object. Calls may overlap.
    func read(offset: UInt64, byteCount: Int) async throws(ObjectStoreError) -> ByteBuffer

    func close() async
}

/// An object as a listing shows it.
package struct ObjectEntry: Hashable, Sendable {
    package var key: ObjectKey
    package var byteCount: UInt64
    /// When the object was written, by the store's clock.
    package var modifiedAt: UnixMilliseconds

    package init(key: ObjectKey, byteCount: UInt64, modifiedAt: UnixMilliseconds) {
        self.key = key
        self.byteCount = byteCount
        self.modifiedAt = modifiedAt
    }
}

extension ObjectStore {
    /// Reads a small object whole; one larger than `limit` bytes is `.corrupted`, before memory is taken for it.
    package func readWhole(_ key: ObjectKey, limit: Int = 64 << 20) async throws(ObjectStoreError) -> ByteBuffer {
        let reader = try await openReader(key)
        guard reader.byteCount <= UInt64(limit) else {
            await reader.close()
            throw ObjectStoreError(
                .corrupted,
                "'\(key)' has \(reader.byteCount) bytes, more than the \(limit) expected"
            )
        }
        do {
            let bytes = try await reader.read(offset: 0, byteCount: Int(reader.byteCount))
            await reader.close()
            return bytes
        } catch {
            await reader.close()
            throw error
        }
    }
}
