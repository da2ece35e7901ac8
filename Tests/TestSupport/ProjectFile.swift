import Foundation

/// The project's own text files, for the tests that read them.
package struct ProjectFile: Sendable, CustomStringConvertible {
    /// Relative to the top of the project, "Sources/RDB/RDBSkimmer.swift".
    package let path: String
    package let text: String

    package init(path: String, text: String) {
        self.path = path
        self.text = text
    }

    package var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    package var description: String { path }
    /// The second part of the path: the target of a file below Sources or Tests.
    package var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }

    /// The top of the project.
    package static let root: String = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    /// One file; an error if it is not there.
    ///
    /// What is not UTF-8 in it reads as replacement characters.
    package static func read(_ path: String) throws -> Self {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: root + "/" + path))
        return Self(path: path, text: String(decoding: bytes, as: UTF8.self))
    }

    /// All files below a directory whose name ends so, in the order of their paths.
    package static func all(below directory: String, suffix: String = "") throws -> [Self] {
        try paths(below: directory).filter { $0.hasSuffix(suffix) }.map { try read($0) }
    }

    /// The paths of all files below a directory, hidden ones left out.
    package static func paths(below directory: String) -> [String] {
        let top = root + "/" + directory
        let entries = FileManager.default.enumerator(atPath: top)?.compactMap { $0 as? String } ?? []
        return entries.sorted().filter { entry in
            var isDirectory: ObjCBool = false
            return !entry.split(separator: "/").contains { $0.hasPrefix(".") }
                && FileManager.default.fileExists(atPath: top + "/" + entry, isDirectory: &isDirectory)
                && !isDirectory.boolValue
        }.map { directory + "/" + $0 }
    }
}
