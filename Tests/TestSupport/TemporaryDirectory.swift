import Foundation

/// A fresh directory of mode 0700 below the system's temporary directory or in memory, removed with all its content at the end.
///
/// The path is short, so that a Unix socket in it stays below the limit of 107 bytes.
package final class TemporaryDirectory: Sendable {
    /// Absolute, without a slash at the end.
    package let path: String

    /// `inMemory` lays it where the system offers memory as a directory: SQLite synchronises often, and no test needs
    /// the device.
    package init(inMemory: Bool = false) throws {
        let memory = "/dev/shm"
        let parent = inMemory && access(memory, W_OK) == 0 ? memory : "/tmp"
        var template = Array((parent + "/rewarm-test-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw TestSystemCallError(call: "mkdtemp", number: errno) }
        path = template.withUnsafeBufferPointer { buffer in
            String(decoding: buffer.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        Reaper.shared.add(directory: path)
    }

    deinit {
        remove()
    }

    /// The path of an entry of the directory.
    package func path(_ name: String) -> String {
        path + "/" + name
    }

    /// Writes a file below the directory and returns its path.
    @discardableResult
    package func write(_ text: String, to name: String) throws -> String {
        let file = path(name)
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        return file
    }

    /// Removes the directory now instead of with the object.
    package func remove() {
        try? FileManager.default.removeItem(atPath: path)
        Reaper.shared.remove(directory: path)
    }
}

/// A system call that failed, with its `errno`.
package struct TestSystemCallError: Error, CustomStringConvertible {
    package let call: String
    package let number: Int32

    package var description: String {
        "\(call): \(String(cString: strerror(number)))"
    }
}
