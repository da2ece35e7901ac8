import NIOCore
import RDB
import SnapshotModel

/// A record of a few dozen bytes; every third has no deadline.
struct SampleRecord {
    static let format = PayloadFormat(engine: .redis, rdbVersion: 10)

    /// A string, a string of digits, a compressed string, a hash and a set, as they stand in an RDB file.
    private static let values: [(type: UInt8, body: [UInt8])] = [
        (0, [40] + Array(repeating: 0x76, count: 40)),
        (0, [0xC2, 1, 2, 3, 4]),
        (0, [0xC3, 5, 10, 0, 0x61, 0xE0, 0, 0]),
        (16, [12, 12, 0, 0, 0, 2, 0, 0x81, 0x61, 2, 5, 1, 0xFF]),
        (2, [2, 1, 0x61, 1, 0x62]),
    ]

    var head: RecordHead
    var body: ByteBuffer

    init(_ number: Int) {
        let value = Self.values[number % Self.values.count]
        head = RecordHead(
            database: 0,
            type: value.type,
            expiry: number % 3 == 0 ? .never : .at(UnixMilliseconds(1_700_000_000_000 + Int64(number))),
            access: .idle(seconds: UInt64(number % 500)),
            key: ByteBuffer(string: "session:\(number):profile")
        )
        body = ByteBuffer(bytes: value.body)
    }

    static func some(_ count: Int) -> [Self] { (0..<count).map { Self($0) } }

    /// In Unix milliseconds; nil for none.
    var deadline: Int64? { if case .at(let instant) = head.expiry { instant.rawValue } else { nil } }

    /// Calls `body` with the bytes of the key and of the value.
    func withBytes(_ use: (_ key: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer) throws -> Void) rethrows {
        try head.key.withUnsafeReadableBytes { key in try body.withUnsafeReadableBytes { try use(key, $0) } }
    }
}

extension ByteBuffer {
    /// The same bytes in pieces of a socket's size, each in memory of its own.
    func pieces(of byteCount: Int = 64 << 10) -> [ByteBuffer] {
        var rest = self
        var pieces: [ByteBuffer] = []
        while let bytes = rest.readBytes(length: Swift.min(byteCount, rest.readableBytes)), !bytes.isEmpty {
            pieces.append(ByteBuffer(bytes: bytes))
        }
        return pieces
    }
}
