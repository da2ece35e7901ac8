package import NIOCore

/// Where a scan puts what it reads: values with the deadlines that belong to them.
///
/// Large payloads come in pieces: `begin`, then `take(piece:)` until the last.
package protocol ScanReceiver: ~Copyable {
    /// The keys that follow are this database's.
    mutating func begin(database: UInt32)

    /// A key with its whole payload.
    mutating func take(_ reading: KeyReading, payload: ByteBuffer) async throws

    /// A key whose payload of so many bytes follows in pieces.
    mutating func begin(_ reading: KeyReading, payloadByteCount: Int)

    mutating func take(piece: ByteBuffer, isLast: Bool) async throws

    /// A key that was asked for and is not there.
    mutating func vanished(_ key: ByteBuffer)
}
