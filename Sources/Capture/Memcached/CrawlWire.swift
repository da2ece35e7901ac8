import NIOCore
import Transport

/// The bytes of one connection both ways: over a plain socket by the task itself, over TLS by the event loop.
final class CrawlWire {
    let connection: MemcachedConnection
    private var socket: RawSocket?

    init(_ connection: MemcachedConnection) {
        self.connection = connection
    }

    /// From now on the task itself reads and writes, where that goes; it must be on a ``BlockingExecutor``.
    func takeSocket() async throws(TransportError) {
        socket = try await connection.takeSocket()
    }

    func send(_ bytes: ByteBuffer) throws(TransportError) {
        if let socket { try socket.send(bytes) } else { connection.send(bytes) }
    }

    /// Puts what has come behind what is left, and forgets what was read; waits until something has.
    func fill(_ input: inout ByteBuffer) async throws(TransportError) {
        guard let socket else { return input.replenish(with: try await connection.next()) }
        input.discardReadBytes()
        try socket.fill(&input)
    }
}
