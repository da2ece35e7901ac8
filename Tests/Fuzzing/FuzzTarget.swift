/// A property of a decoder that must hold for every input.
///
/// The fuzzer (`Scripts/fuzz`) looks for an input that breaks it; the tests try the stored ones and some random ones.
package struct FuzzTarget: Sendable {
    package let name: String
    /// Throws ``FuzzFinding`` if the property does not hold for the bytes.
    ///
    /// What the decoder itself refuses is fine.
    package let check: @Sendable (_ bytes: [UInt8]) throws -> Void

    package static let all = [
        resp, memcached, rdbStream, rdbValue, dumpPayload, archivePieces, archiveRecords, archiveBlock,
    ]

    package static func named(_ name: String) -> FuzzTarget? {
        (all + [canary]).first { $0.name == name }
    }

    /// Must fail: it proves that a finding is seen.
    package static let canary = FuzzTarget(name: "canary") { bytes in
        try FuzzFinding.unless(!bytes.starts(with: Array("no!".utf8)), "the canary sings")
    }
}

/// An input breaks a property.
package struct FuzzFinding: Error, CustomStringConvertible {
    package let description: String

    /// Of a long text only the beginning is kept.
    init(_ description: String) {
        self.description = String(description.prefix(2000))
    }

    static func unless(_ claim: Bool, _ description: @autoclosure () -> String) throws {
        if !claim { throw FuzzFinding(description()) }
    }
}

/// The ways in which a target splits its input: at every offset and bytewise a short one, at some offsets and in small
/// pieces a long one.
///
/// They follow from the bytes alone, so that a finding is repeated by its input.
struct Splits {
    private static let wholeLimit = 24
    private static let sampleCount = 2
    private static let largestPiece = 64

    let ways: [[ArraySlice<UInt8>]]

    init(_ bytes: [UInt8]) {
        guard bytes.count > Self.wholeLimit else {
            ways =
                bytes.indices.dropFirst().map { [bytes[..<$0], bytes[$0...]] } + [bytes.indices.map { bytes[$0...$0] }]
            return
        }
        // FNV-1a, then a linear congruential generator.
        var hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        func next(below bound: Int) -> Int {
            hash = hash &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((hash >> 33) % UInt64(bound))
        }
        var ways = (0..<Self.sampleCount).map { _ in
            let offset = next(below: bytes.count)
            return [bytes[..<offset], bytes[offset...]]
        }
        let piece = 1 + next(below: Self.largestPiece)
        ways.append(stride(from: 0, to: bytes.count, by: piece).map { bytes[$0..<min($0 + piece, bytes.count)] })
        self.ways = ways
    }
}
