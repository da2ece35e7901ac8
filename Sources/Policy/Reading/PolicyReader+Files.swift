package import ObjectStorage

/// A policy file that cannot be read at all.
package struct UnreadablePolicy: Error, Sendable, CustomStringConvertible {
    package let fileName: String
    package let cause: SystemCallError

    package var isDenied: Bool { cause.condition == .permissionDenied }
    package var description: String { "cannot read the policy '\(fileName)': \(cause.reason)" }
}

extension PolicyReader {
    /// Reads the policy in a file.
    ///
    /// File names in it become absolute. Throws `UnreadablePolicy` or `InvalidPolicy`.
    package static func read(file fileName: String) throws -> PolicyFile {
        let bytes: [UInt8]
        do throws(SystemCallError) {
            bytes = try NamedFile.bytes(of: fileName, limit: longestByteCount)
        } catch {
            throw UnreadablePolicy(fileName: fileName, cause: error)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw notText(bytes, fileName) }
        return try read(text: text, fileName: fileName, directory: absolute(directory(of: fileName)))
    }

    /// Points at the first byte that is no UTF-8.
    static func notText(_ bytes: [UInt8], _ fileName: String) -> InvalidPolicy {
        guard bytes.count <= longestByteCount else {
            return invalid(
                fileName,
                "the file is larger than 1 MiB",
                "a policy is a page of text; is this the right file?"
            )
        }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            return invalid(fileName, "the file is text in UTF-16", "save it as UTF-8")
        }
        // A character that is cut off at the end of a line's beginning does not count as one.
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        let line = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
        let decoded = String(decoding: lines[line], as: UTF8.self).unicodeScalars
        let column = decoded.prefix { $0 != "\u{FFFD}" }.count
        let place = PolicyPlace(line: line + 1, column: column + 1)
        return invalid(fileName, "the file is no text in UTF-8", "save it as UTF-8", at: place)
    }

    /// The directory from the root on; as it is where the working directory cannot be told.
    private static func absolute(_ directory: String) -> String {
        guard directory.isEmpty || directory == "." else { return AbsolutePath.of(directory) }
        return AbsolutePath.workingDirectory ?? directory
    }
}
