import ObjectStorage

/// What lies in a directory that an upload was begun in.
enum PosixFileSystemNames {
    static func visible(in directory: String) throws -> [String] {
        try PosixFileSystem().names(in: directory).sorted()
    }
}
