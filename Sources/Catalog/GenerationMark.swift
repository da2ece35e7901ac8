import NIOCore
import ObjectStorage

/// A random word beside the locks that changes, durably, before the store does.
///
/// The catalog remembers the word that it is in step with, in the same transaction as its rows. Where the two differ
/// somebody wrote to the store and did not come to his row: a crash, a catalog restored from an old copy, another
/// host with a catalog of its own. One small read tells that, instead of a listing of the whole store.
/// A missing, torn or outdated file only costs a comparison.
struct GenerationMark: Sendable {
    let path: String
    let operations: FileOperations

    private static let byteCount = 16

    /// The present word; nil if there is none yet.
    func current() throws(RepositoryError) -> String? {
        do {
            let file = try operations.open(path, .read)
            defer { file.close() }
            let text = String(buffer: try operations.read(file, offset: 0, byteCount: Self.byteCount))
            return text.utf8.count == Self.byteCount ? text : nil
        } catch let error where error.condition == .notFound {
            return nil
        } catch {
            throw failure(error, "read")
        }
    }

    /// Writes a new word and returns it.
    ///
    /// Only under the publishing lock.
    func advance() throws(RepositoryError) -> String {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        let word = String(repeating: "0", count: Self.byteCount - digits.count) + digits
        do {
            let file = try operations.open(path, .createOrOpen)
            defer { file.close() }
            let bytes = Array(word.utf8)
            let result = bytes.withUnsafeBytes { bytes in
                Result { () throws(SystemCallError) in try operations.write(file, from: bytes, offset: 0) }
            }
            try result.get()
            try operations.synchronize(file)
        } catch {
            throw failure(error, "write")
        }
        return word
    }

    private func failure(_ error: SystemCallError, _ action: String) -> RepositoryError {
        RepositoryError(ObjectStoreError(error, "\(action) the generation mark"))
    }
}
