import Foundation
import Synchronization

/// Remembers what a catalog's file was at each moment of an action.
///
/// SQLite makes its transactions durable in their own order with the changes of the store: a loss of power at a moment
/// leaves the catalog of that moment.
final class CatalogWatch: Sendable {
    private let path: String
    private let moments = Mutex<[(changeCount: Int, catalog: Data?)]>([])

    init(_ path: String) {
        self.path = path
    }

    /// After so many changes of the store.
    func note(changeCount: Int) {
        let catalog = FileManager.default.contents(atPath: path)
        moments.withLock { moments in
            if moments.last?.catalog != catalog || moments.isEmpty { moments.append((changeCount, catalog)) }
        }
    }

    /// Makes the catalog what it was after so many changes.
    func putBack(to changeCount: Int) throws {
        let catalog = moments.withLock { $0.last { $0.changeCount <= changeCount }?.catalog }
        if let catalog {
            try catalog.write(to: URL(fileURLWithPath: path))
        } else if FileManager.default.fileExists(atPath: path) {
            try FileManager.default.removeItem(atPath: path)
        }
    }
}
