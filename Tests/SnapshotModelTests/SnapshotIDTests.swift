import SnapshotModel
import Testing

@Suite("Snapshot ids")
struct SnapshotIDTests {
    @Test("show the instant in UTC and six random digits, and read back")
    func form() throws {
        let instant = try #require(UnixMilliseconds(rfc3339: "2026-11-21T07:05:00.999Z"))
        let id = SnapshotID(instant: instant, random: 0xAB4F_9C2A)
        #expect(id.text == "20261121T070500Z-4f9c2a")
        #expect(SnapshotID(id.text) == id)
    }

    @Test("sort by time as text")
    func order() {
        let earlier = SnapshotID(instant: UnixMilliseconds(1_000_000), random: 0xFF_FFFF)
        let later = SnapshotID(instant: UnixMilliseconds(1_001_000), random: 0)
        #expect(earlier < later)
    }

    @Test(
        "refuse every other form",
        arguments: [
            "", "latest", "20261121T070500Z-4F9C2A", "20261121T070500Z-4f9c2", "20261121T070500Z-4f9c2a0",
            "20261121T070500Z-4f9c2ab", "../../../../../etc/passw",
        ]
    )
    func refuses(_ text: String) {
        #expect(SnapshotID(text) == nil)
    }
}
