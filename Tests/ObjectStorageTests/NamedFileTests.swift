import TestSupport
import Testing

@testable import ObjectStorage

@Suite("a file that a user names")
struct NamedFileTests {
    @Test("is read whole, over many calls", arguments: [0, 1, 65_535, 65_536, 65_537, 200_000])
    func whole(byteCount: Int) throws {
        let directory = try TemporaryDirectory()
        let content = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try directory.write(String(decoding: content.map { $0 & 0x7F }, as: UTF8.self), to: "file")
        let bytes = try NamedFile.bytes(of: directory.path("file"), limit: 200_000)
        #expect(bytes == content.map { $0 & 0x7F })
    }

    @Test("gives one byte more than the limit, and no more, where it is longer")
    func limit() throws {
        let directory = try TemporaryDirectory()
        try directory.write(String(repeating: "x", count: 100_000), to: "file")
        for limit in [0, 10, 65_535, 65_536, 99_999] {
            #expect(try NamedFile.bytes(of: directory.path("file"), limit: limit).count == limit + 1)
        }
        #expect(try NamedFile.bytes(of: directory.path("file"), limit: 100_000).count == 100_000)
    }

    @Test("that is not there, or is a directory, is an error with its path and the system's words")
    func absent() throws {
        let directory = try TemporaryDirectory()
        let absent = #expect(throws: SystemCallError.self) {
            try NamedFile.bytes(of: directory.path("absent"), limit: 10)
        }
        #expect(absent?.condition == .notFound)
        #expect(absent?.path == directory.path("absent"))
        #expect(absent?.reason == "No such file or directory")
        let folder = #expect(throws: SystemCallError.self) {
            try NamedFile.bytes(of: directory.path("."), limit: 10)
        }
        #expect(folder?.call == "read")
    }
}
