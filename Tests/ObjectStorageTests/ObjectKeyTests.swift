import ObjectStorage
import Testing

@Suite("object keys")
struct ObjectKeyTests {
    @Test("are relative paths of plain names", arguments: ["a", "a/b", "a.b/c-d_e", "A0/z9", "x/part-0.rewarm"])
    func valid(_ path: String) {
        #expect(ObjectKey(validating: path)?.path == path)
    }

    @Test(
        "never leave the store nor name a temporary file",
        arguments: [
            "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/.b.tmp", ".hidden", "a b", "a\nb", "ä",
        ]
    )
    func invalid(_ path: String) {
        #expect(ObjectKey(validating: path) == nil)
    }

    @Test("have components of at most 255 bytes")
    func longComponents() {
        #expect(ObjectKey(validating: String(repeating: "a", count: 255)) != nil)
        #expect(ObjectKey(validating: String(repeating: "a", count: 256)) == nil)
    }

    @Test("know their name and their parent")
    func parts() {
        #expect(ObjectKey("a/b/c").name == "c")
        #expect(ObjectKey("a/b/c").parent == "a/b")
        #expect(ObjectKey("c").name == "c")
        #expect(ObjectKey("c").parent == "")
    }
}
