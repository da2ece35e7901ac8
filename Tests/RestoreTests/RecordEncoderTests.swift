import ByteCoding
import NIOCore
import RDB
import Restore
import SnapshotModel
import Testing

@Suite struct RecordEncoderTests {
    private static func encoder(
        replaces: Bool = false,
        knowsDeadline: Bool = true,
        access: CommandDialect.AccessUse = .none,
        largest: Int = CommandDialect.standardLargestArgument
    ) -> RecordEncoder {
        RecordEncoder(
            CommandDialect(
                replacesKeys: replaces,
                knowsSetDeadline: knowsDeadline,
                accessUse: access,
                rdbVersion: 10,
                largestArgumentByteCount: largest
            )
        )
    }

    /// The arguments of the one command that the encoder writes.
    private static func command(
        _ encoder: RecordEncoder,
        type: UInt8,
        body: [UInt8],
        deadline: Int64? = nil,
        access: AccessData = .none
    ) -> [[UInt8]] {
        var output = ByteBuffer()
        [UInt8]("key".utf8).withUnsafeBytes { key in
            body.withUnsafeBytes { body in
                encoder.write(key: key, type: type, body: body, deadline: deadline, access: access, into: &output)
            }
        }
        return arguments(&output)
    }

    /// Splits one command; the rest of the buffer must be empty.
    private static func arguments(_ output: inout ByteBuffer) -> [[UInt8]] {
        func line() -> String {
            var text: [UInt8] = []
            while let byte: UInt8 = output.readInteger(), byte != 13 { text.append(byte) }
            output.moveReaderIndex(forwardBy: 1)
            return String(decoding: text, as: UTF8.self)
        }
        let count = Int(line().dropFirst()) ?? 0
        let arguments = (0..<count).map { _ -> [UInt8] in
            let bytes = output.readBytes(length: Int(line().dropFirst()) ?? 0) ?? []
            output.moveReaderIndex(forwardBy: 2)
            return bytes
        }
        #expect(output.readableBytes == 0)
        return arguments
    }

    private static func text(_ arguments: [[UInt8]]) -> [String] {
        arguments.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `a plain string is set, with deadline and existence as asked`() {
        let body: [UInt8] = [2, 0x68, 0x69]
        let plain = Self.command(Self.encoder(), type: 0, body: body)
        #expect(Self.text(plain) == ["SET", "key", "hi", "NX"])
        let replacing = Self.command(Self.encoder(replaces: true), type: 0, body: body)
        #expect(Self.text(replacing) == ["SET", "key", "hi"])
        let expiring = Self.command(Self.encoder(), type: 0, body: body, deadline: 1_700_000_000_123)
        #expect(Self.text(expiring) == ["SET", "key", "hi", "PXAT", "1700000000123", "NX"])
        let both = Self.command(Self.encoder(replaces: true), type: 0, body: body, deadline: 5)
        #expect(Self.text(both) == ["SET", "key", "hi", "PXAT", "5"])
    }

    @Test(
        arguments: [
            ([0xC0, 0x80] as [UInt8], "-128"), ([0xC0, 0x7F], "127"), ([0xC1, 0x00, 0x80], "-32768"),
            ([0xC2, 0xFF, 0xFF, 0xFF, 0x7F], "2147483647"), ([0xC2, 0, 0, 0, 0x80], "-2147483648"), ([0], ""),
            ([0x40, 1, 0x61], "a"), ([0x80, 0, 0, 0, 1, 0x61], "a"), ([0x81, 0, 0, 0, 0, 0, 0, 0, 1, 0x61], "a"),
        ]
    ) func `every encoding of a string becomes its text`(body: [UInt8], expected: String) {
        #expect(Self.text(Self.command(Self.encoder(), type: 0, body: body)) == ["SET", "key", expected, "NX"])
    }

    @Test(
        arguments: [
            [] as [UInt8], [5, 0x61], [0x40], [0x80, 0, 0, 0], [0xC3, 4, 10, 1, 2, 3, 4], [0xC0], [1, 0x61, 0x62],
            [0x82, 0],
        ]
    ) func `a string that is compressed or contradicts itself is left to RESTORE`(body: [UInt8]) {
        #expect(Self.command(Self.encoder(), type: 0, body: body).first == Array("RESTORE".utf8))
    }

    @Test func `anything else is restored with a payload that parses`() throws {
        let body: [UInt8] = [1, 3, 0x61, 0x62, 0x63]
        let command = Self.command(Self.encoder(), type: 2, body: body, deadline: 99)
        #expect(Self.text([command[0], command[1], command[2], command[4]]) == ["RESTORE", "key", "99", "ABSTTL"])
        let payload = try DumpPayload.parse(ByteBuffer(bytes: command[3]))
        #expect(payload.type == 2)
        #expect(payload.version == 10)
        #expect(Array(payload.body.readableBytesView) == body)
        let replacing = Self.command(Self.encoder(replaces: true), type: 2, body: body)
        #expect(Self.text([replacing[2]] + replacing[4...]) == ["0", "ABSTTL", "REPLACE"])
    }

    @Test func `a string with a deadline goes by RESTORE where SET knows no PXAT`() {
        let encoder = Self.encoder(knowsDeadline: false)
        #expect(Self.command(encoder, type: 0, body: [1, 0x61], deadline: 9).first == Array("RESTORE".utf8))
        #expect(Self.command(encoder, type: 0, body: [1, 0x61]).first == Array("SET".utf8))
    }

    @Test func `access data goes along only where the target's policy uses that kind`() {
        let body: [UInt8] = [1, 0x61]
        func options(_ use: CommandDialect.AccessUse, _ access: AccessData) -> [String] {
            let command = Self.command(Self.encoder(access: use), type: 0, body: body, access: access)
            return command[0] == Array("SET".utf8) ? ["SET"] : Self.text(Array(command[4...]))
        }
        #expect(options(.idle, .idle(seconds: 77)) == ["ABSTTL", "IDLETIME", "77"])
        #expect(options(.frequency, .frequency(200)) == ["ABSTTL", "FREQ", "200"])
        #expect(options(.none, .idle(seconds: 77)) == ["SET"])
        #expect(options(.frequency, .idle(seconds: 77)) == ["SET"])
        #expect(options(.idle, .frequency(1)) == ["SET"])
        #expect(options(.idle, .none) == ["SET"])
    }

    @Test(arguments: [
        ("allkeys-lru", "idle"), ("volatile-lfu", "frequency"), ("noeviction", "none"), ("volatile-ttl", "none"),
    ])
    func `a policy tells which access data it uses`(policy: String, expected: String) {
        #expect(CommandDialect.AccessUse(policy: policy).rawValue == expected)
    }

    @Test func `a value in chunks makes the same command as the value in one piece`() {
        let body = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        let encoder = Self.encoder(replaces: true, access: .frequency)
        let whole = Self.command(encoder, type: 18, body: body, deadline: 123, access: .frequency(3))
        var output = ByteBuffer()
        var payload = [UInt8]("key".utf8).withUnsafeBytes {
            encoder.writeChainStart(
                key: $0,
                type: 18,
                bodyByteCount: body.count,
                deadline: 123,
                access: .frequency(3),
                into: &output
            )
        }
        for chunk in [body[..<10], body[10..<999], body[999...]] {
            Array(chunk).withUnsafeBytes { payload.account(for: $0) }
            output.writeBytes(chunk)
        }
        encoder.writeChainEnd(payload, access: .frequency(3), into: &output)
        #expect(Self.arguments(&output) == whole)
    }

    @Test func `a value fits if its payload is no longer than the target's limit`() {
        let encoder = Self.encoder(largest: 100)
        #expect(encoder.fits(type: 1, bodyByteCount: 89, deadline: nil, access: .none))
        #expect(!encoder.fits(type: 1, bodyByteCount: 90, deadline: nil, access: .none))
    }

    @Test func `a string fits if it is no longer than the target's limit itself`() {
        let encoder = Self.encoder(access: .idle, largest: 100_000)
        #expect(encoder.fits(type: 0, bodyByteCount: 100_005, deadline: 1, access: .none))
        #expect(!encoder.fits(type: 0, bodyByteCount: 100_006, deadline: nil, access: .none))
        #expect(!encoder.fits(type: 0, bodyByteCount: 100_005, deadline: nil, access: .idle(seconds: 1)))
        let old = Self.encoder(knowsDeadline: false, largest: 100_000)
        #expect(old.fits(type: 0, bodyByteCount: 100_005, deadline: nil, access: .none))
        #expect(!old.fits(type: 0, bodyByteCount: 100_005, deadline: 1, access: .none))
    }

    @Test(arguments: [nil, 99] as [Int64?], [false, true])
    func `a streamed string is the same SET as a whole one`(deadline: Int64?, replaces: Bool) {
        let text = (0..<20_000).map { UInt8(truncatingIfNeeded: $0) }
        let body = [0x80, 0, 0, 0x4E, 0x20] + text
        let encoder = Self.encoder(replaces: replaces)
        let whole = Self.command(encoder, type: 0, body: body, deadline: deadline)
        let start = ByteBuffer(bytes: body[..<100])
        let skipped = encoder.lengthToSkip(
            type: 0,
            start: start,
            bodyByteCount: UInt64(body.count),
            deadline: deadline,
            access: .none
        )
        #expect(skipped == 5)
        var output = ByteBuffer()
        Array("key".utf8).withUnsafeBytes {
            encoder.writeSetStart(key: $0, stringByteCount: text.count, deadline: deadline, into: &output)
        }
        output.writeBytes(text)
        encoder.writeSetEnd(deadline: deadline, into: &output)
        #expect(Self.arguments(&output) == whole)
    }
}
