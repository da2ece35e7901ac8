import TestSupport
import Testing
import Transport

struct MarkerSearchTests {
    @Test func `a marker is found at every offset and nowhere else`() {
        var generator = SeededGenerator.fromEnvironment("marker search", fallback: 11)
        let digits = Array("0123456789abcdef".utf8)
        for _ in 0..<200 {
            let marker = (0..<MarkerSearch.markerByteCount).map { _ in digits[Int(generator.next() % 16)] }
            let search = MarkerSearch(marker: marker)
            // Bytes of the marker's own alphabet, so that partial matches are common.
            var bytes = (0..<300).map { _ in digits[Int(generator.next() % 16)] }
            let offset = Int.random(in: 0...bytes.count - marker.count, using: &generator)
            #expect(bytes.withUnsafeBytes { search.position(in: $0, from: 0) } == nil)
            bytes.replaceSubrange(offset..<offset + marker.count, with: marker)
            #expect(bytes.withUnsafeBytes { search.position(in: $0, from: 0) } == offset)
            #expect(bytes.withUnsafeBytes { search.position(in: $0, from: offset) } == offset)
            #expect(bytes.withUnsafeBytes { search.position(in: $0, from: offset + 1) } == nil)
            #expect(bytes.dropLast(300 - offset - 39).withUnsafeBytes { search.position(in: $0, from: 0) } == nil)
        }
    }

    @Test func `a marker of one repeated byte is found at its first place`() {
        let search = MarkerSearch(marker: [UInt8](repeating: 0x61, count: 40))
        let bytes = [UInt8](repeating: 0x62, count: 5) + [UInt8](repeating: 0x61, count: 60)
        #expect(bytes.withUnsafeBytes { search.position(in: $0, from: 0) } == 5)
        #expect([UInt8](repeating: 0x61, count: 39).withUnsafeBytes { search.position(in: $0, from: 0) } == nil)
    }
}
