import ByteCoding
import ObjectStorage
import TestSupport
import Testing

/// The external sort against `Array.sort`, with every path: in memory, one merge, several merge passes.
struct ExternalSortTests {
    /// A record of 24 bytes: a key of 8 to 16 bytes, then the number of its appending.
    private struct Item: Equatable {
        var key: [UInt8]
        var number: UInt64

        var bytes: [UInt8] { key + withUnsafeBytes(of: number.littleEndian, Array.init) }

        init(key: [UInt8], number: UInt64) {
            self.key = key
            self.number = number
        }

        init(bytes: [UInt8], keyByteCount: Int) {
            key = Array(bytes[..<keyByteCount])
            number = bytes[keyByteCount...].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    private static func sorted(
        _ items: [Item],
        keyByteCount: Int,
        limits: ExternalSort.Limits,
        directory: String
    ) throws -> (items: [Item], spilledByteCount: UInt64) {
        var sort = ExternalSort(
            recordByteCount: keyByteCount + 8,
            keyByteCount: keyByteCount,
            limits: limits,
            spillingTo: .init(directory: directory)
        )
        for item in items {
            try item.bytes.withUnsafeBytes { try sort.append($0) }
        }
        let spilled = sort.spilledByteCount
        var reader = try sort.finish()
        var record = [UInt8](repeating: 0, count: keyByteCount + 8)
        var result: [Item] = []
        while try record.withUnsafeMutableBytes({ try reader.next(into: $0) }) {
            result.append(Item(bytes: record, keyByteCount: keyByteCount))
        }
        return (result, spilled)
    }

    @Test(
        "records come out in order of their keys, equal keys in order of appending, whatever the memory",
        arguments: [(8, 4000, 64, 0), (8, 700, 64, 3000), (16, 700, 2, 3000), (16, 1100, 3, 5000), (8, 4000, 2, 1)]
    )
    func ordering(keyByteCount: Int, memoryByteCount: Int, mergeWidth: Int, count: Int) throws {
        var generator = SeededGenerator.fromEnvironment("ExternalSortTests.ordering", fallback: 0xE5017)
        let directory = try TemporaryDirectory()
        let items = (0..<count).map { number in
            // Few different last bytes, so that many keys are equal or differ late.
            var key = [UInt8](repeating: 7, count: keyByteCount)
            key[0] = UInt8.random(in: 0...3, using: &generator) &* 85
            key[keyByteCount - 1] = UInt8.random(in: 0...40, using: &generator) &* 6
            return Item(key: key, number: UInt64(number))
        }
        let expected = items.sorted { left, right in
            left.key == right.key ? left.number < right.number : left.key.lexicographicallyPrecedes(right.key)
        }
        let (result, spilled) = try Self.sorted(
            items,
            keyByteCount: keyByteCount,
            limits: .init(memoryByteCount: memoryByteCount, mergeWidth: mergeWidth),
            directory: directory.path
        )
        #expect(result == expected)
        #expect((spilled > 0) == (count > 1000))
    }

    @Test("a spilled sort leaves no name in its directory, even while it runs")
    func unlinkedFile() throws {
        let directory = try TemporaryDirectory()
        var sort = ExternalSort(
            recordByteCount: 8,
            keyByteCount: 8,
            limits: .init(memoryByteCount: 400),
            spillingTo: .init(directory: directory.path)
        )
        for number in 0..<1000 as Range<UInt64> {
            try withUnsafeBytes(of: number) { try sort.append($0) }
        }
        #expect(sort.spilledByteCount > 0)
        #expect(try PosixFileSystem().names(in: directory.path).isEmpty)
        #expect(sort.recordCount == 1000)
    }

    @Test("a directory that does not exist is an error that names it, when memory is full")
    func missingDirectory() throws {
        var sort = ExternalSort(
            recordByteCount: 8,
            keyByteCount: 8,
            limits: .init(memoryByteCount: 400),
            spillingTo: .init(directory: "/nonexistent/rewarm")
        )
        var caught: ObjectStoreError?
        do throws(ObjectStoreError) {
            for number in 0..<1000 as Range<UInt64> {
                try withUnsafeBytes(of: number) { bytes throws(ObjectStoreError) in try sort.append(bytes) }
            }
        } catch {
            caught = error
        }
        #expect(caught?.code == .notFound)
        #expect(caught?.message.contains("/nonexistent/rewarm") == true)
    }

    @Test("fingerprints follow SipHash-2-4-128 and differ by database")
    func fingerprintVectors() {
        // Made with `openssl mac -macopt size:16 SIPHASH`: key 00 01 ... 0f, input 00 01 ... n-1.
        let secret = ExternalSortKey.Secret(low: 0x0706_0504_0302_0100, high: 0x0F0E_0D0C_0B0A_0908)
        let vectors: [(Int, UInt64, UInt64)] = [
            (0, 0xE6A8_25BA_047F_81A3, 0x9302_55C7_1472_F66D),
            (1, 0x44AF_996B_D8C1_87DA, 0x45FC_229B_1159_7634),
            (7, 0x53C1_DBD8_BEEB_F1A1, 0x3982_F01F_A64A_B8C0),
            (8, 0x61F5_5862_BAA9_623B, 0xB497_14F3_64E2_830F),
            (15, 0x11A8_B033_99E9_9354, 0xD9C3_CF97_0FEC_087E),
            (33, 0x321C_F046_7107_C677, 0xCFFF_A94E_5F9D_B6B6),
        ]
        for (length, first, second) in vectors {
            let input = (0..<length).map { UInt8($0) }
            let key = input.withUnsafeBytes { ExternalSortKey(database: 0, key: $0, secret: secret) }
            #expect(key == ExternalSortKey(first: first, second: second), "length \(length)")
        }
        let one = [UInt8(1)].withUnsafeBytes { ExternalSortKey(database: 0, key: $0, secret: secret) }
        let two = [UInt8(1)].withUnsafeBytes { ExternalSortKey(database: 1, key: $0, secret: secret) }
        #expect(one != two)
    }
}
