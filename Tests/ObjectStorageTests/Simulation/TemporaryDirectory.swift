import Foundation

/// A directory of one test, removed with everything in it at the end.
package final class TemporaryDirectory: Sendable {
    package let path: String

    /// Lies in memory where the system offers that: SQLite synchronises often, and no test needs the device.
    package init() throws {
        let memory = URL(fileURLWithPath: "/dev/shm", isDirectory: true)
        let isOffered = FileManager.default.isWritableFile(atPath: memory.path)
        let base = isOffered ? memory : FileManager.default.temporaryDirectory
        let url = base.appendingPathComponent("rewarm-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    package func file(_ name: String) -> String { "\(path)/\(name)" }
}
