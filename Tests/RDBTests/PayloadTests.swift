import ByteCoding
import NIOCore
import RDB
import SnapshotModel
import Testing

@Suite("DUMP and FUNCTION payloads")
struct PayloadTests {
    private let body: [UInt8] = [3, 0x61, 0x62, 0x63]

    @Test("a payload has type, body, version and checksum, and comes apart again")
    func roundTrip() throws {
        var payload = ByteBuffer(string: "before")
        DumpPayload.write(type: 0, body: ByteBuffer(bytes: body), rdbVersion: 10, into: &payload)
        payload.moveReaderIndex(forwardBy: 6)
        let bytes = Array(payload.readableBytesView)
        #expect(Array(bytes.prefix(7)) == [0] + body + [10, 0])
        #expect(bytes.count == DumpPayload.byteCount(bodyByteCount: body.count))
        let parsed = try DumpPayload.parse(payload)
        #expect(parsed == .init(type: 0, body: ByteBuffer(bytes: body), version: 10))
    }

    @Test("the payload that redis-server 7.0.15 answers for SET k abc is the one that is written")
    func knownPayload() {
        var payload = ByteBuffer()
        DumpPayload.write(type: 0, body: ByteBuffer(bytes: body).readableBytesView, rdbVersion: 10, into: &payload)
        #expect(Hexadecimal.encode(payload.readableBytesView) == "00036162630a00d9ac303d4172a2e2")
    }

    @Test("a body in parts gives the payload of the whole body")
    func parts() {
        let large = (0..<5000).map { UInt8(truncatingIfNeeded: $0) }
        var whole = ByteBuffer()
        DumpPayload.write(type: 2, body: large.span.bytes, rdbVersion: 11, into: &whole)
        var parted = ByteBuffer()
        var writer = DumpPayloadWriter(type: 2, into: &parted)
        writer.append(ByteBuffer(bytes: large[..<1]), into: &parted)
        writer.append(ByteBuffer(bytes: large[1..<4000]), into: &parted)
        Array(large[4000...]).withUnsafeBytes { writer.account(for: $0) }
        parted.writeBytes(large[4000...])
        writer.finish(rdbVersion: 11, into: &parted)
        #expect(parted == whole)
    }

    @Test("damage and shortness are refused; a checksum of zero is none")
    func refusals() throws {
        var payload = ByteBuffer()
        DumpPayload.write(type: 0, body: ByteBuffer(bytes: body), rdbVersion: 10, into: &payload)
        for index in 0..<payload.readableBytes {
            var damaged = payload
            damaged.setInteger(payload.getInteger(at: index, as: UInt8.self).map { $0 ^ 4 } ?? 0, at: index)
            #expect(throws: RDBError.self, "\(index)") { _ = try DumpPayload.parse(damaged) }
        }
        for count in 0...DumpPayload.footerByteCount {
            let short = ByteBuffer(repeating: 0, count: count)
            #expect(throws: RDBError.payloadTooShort(byteCount: count)) { _ = try DumpPayload.parse(short) }
        }
        payload.setInteger(UInt64(0), at: payload.writerIndex - 8)
        #expect(try DumpPayload.parse(payload).version == 10)
    }

    @Test("function libraries become a payload and come back plain")
    func functions() throws {
        let code = Array("#!lua name=one\n".utf8)
        let bodies = [RDBBytes.build { $0.string(code) }, RDBBytes.build { $0.compressed(0x20, count: 90) }]
        let payload = FunctionPayload.make(bodies: bodies.map { ByteBuffer(bytes: $0) }, rdbVersion: 10)
        #expect(payload.getInteger(at: 0, as: UInt8.self) == 245)
        let plain = try FunctionPayload.bodies(of: payload).map { Array($0.readableBytesView) }
        #expect(plain == [bodies[0], RDBBytes.build { $0.string(.init(repeating: 0x20, count: 90)) }])
        #expect(try FunctionPayload.bodies(of: FunctionPayload.make(bodies: [], rdbVersion: 10)) == [])
    }

    @Test(
        "a function payload that is damaged inside is refused",
        arguments: [[1, 0x61], [245, 9, 0x61], [245, 0xC3, 2, 9, 0, 1]]
    )
    func damagedFunctions(content: [UInt8]) {
        var payload = ByteBuffer(bytes: content + [10, 0])
        let crc = payload.withUnsafeReadableBytes { CRC64.of($0) }
        payload.writeInteger(crc, endianness: .little)
        #expect(throws: RDBError.self) { _ = try FunctionPayload.bodies(of: payload) }
    }
}
