import ByteCoding
import NIOCore
import SnapshotModel
import Testing

@testable import RDB

/// Values that nobody but a module can decode: their bytes are compared as an archive has them.
struct OpaqueFingerprintTests {
    private static let scope = ValueFingerprinter.Scope(secret: .init(low: 5, high: 6))
    private static let format = PayloadFormat(engine: .redis, rdbVersion: 12)

    /// A module's value of one string; 5 stands before a string, 0 at the end.
    private static func body(_ string: [UInt8]) -> ByteBuffer {
        ByteBuffer(bytes: [0x81, 0, 1, 2, 3, 4, 5, 6, 7, 5] + string + [0])
    }

    /// "aaaa…", thirty of them: as it is, and compressed to a literal and a reference to it.
    private static let plain = body([30] + Array(repeating: 0x61, count: 30))
    private static let compressed = body([0xC3, 5, 30, 0, 0x61, 0xE0, 20, 0])

    private static func fingerprint(_ body: ByteBuffer, type: UInt8 = 7) throws -> ValueFingerprint? {
        try BodyFingerprinter.of(body: body, type: type, format: format, scope: scope)?.finish()
    }

    @Test func `compressed strings in a module's value are the strings themselves`() throws {
        let plain = try #require(try Self.fingerprint(Self.plain))
        #expect(plain.kind == .opaque)
        #expect(try Self.fingerprint(Self.compressed) == plain)
        let other = try #require(try Self.fingerprint(Self.body([2, 0x61, 0x61])))
        #expect(plain.relation(to: other) == .undecided)
    }

    @Test func `in pieces it is the same`() throws {
        for size in 1...Self.compressed.readableBytes {
            var fingerprinter = BodyFingerprinter(type: 7, format: Self.format, scope: Self.scope)
            var rest = Self.compressed
            while let piece = rest.readSlice(length: min(size, rest.readableBytes)), piece.readableBytes > 0 {
                try fingerprinter.append(piece)
            }
            #expect(try fingerprinter.finish()?.finish() == Self.fingerprint(Self.plain), "\(size)")
        }
    }

    @Test func `a payload that DUMP answers is the body in it, and one that is cut is an error`() throws {
        var payload = ByteBuffer()
        DumpPayload.write(type: 7, body: Self.compressed, rdbVersion: 12, into: &payload)
        let dumped = try BodyFingerprinter.of(dumped: payload, engine: .redis, scope: Self.scope)?.finish()
        #expect(try dumped == Self.fingerprint(Self.plain))
        let cut = try #require(Self.plain.getSlice(at: 0, length: 20))
        #expect(throws: RDBError.self) { try Self.fingerprint(cut) }
    }

    @Test func `of a type that is not known the bytes count as they are`() throws {
        let one = try #require(try Self.fingerprint(ByteBuffer(bytes: [1, 2, 3]), type: 200))
        #expect(one.kind == .opaque)
        #expect(try Self.fingerprint(ByteBuffer(bytes: [1, 2, 3]), type: 200) == one)
        #expect(try Self.fingerprint(ByteBuffer(bytes: [1, 2, 4]), type: 200) != one)
        #expect(try Self.fingerprint(ByteBuffer(bytes: [1, 2, 3]), type: 201) != one)
    }
}
