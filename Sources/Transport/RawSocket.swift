package import NIOCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A connection's socket in the hands of one task, which reads and writes it itself: without the event loop there are no
/// two threads to wake for a chunk of bytes, and what comes is read to where it is needed.
///
/// It waits in system calls: use it on a ``BlockingExecutor``. The connection stays open as long as this is there and
/// reports nothing meanwhile; cancelling the task ends a wait within a tenth of a second.
package final class RawSocket {
    /// As much is read at once.
    private static let readByteCount = 256 << 10
    /// A wait ends when so many bytes are there, or a moment later with fewer: else every packet would wake us.
    private static let worthwhileByteCount: CInt = 64 << 10
    private static let patienceMilliseconds: CInt = 2
    /// How often a longer wait looks whether the task was cancelled.
    private static let sliceMilliseconds: CInt = 100

    private let descriptor: CInt
    private let address: String
    private let replyTimeout: TimeAmount
    /// What the event loop had read before.
    private var early = CircularBuffer<ByteBuffer>()
    /// What the socket has not taken yet.
    private var unsent = ByteBuffer()

    /// Takes the descriptor over; it does not block.
    init(descriptor: CInt, address: String, replyTimeout: TimeAmount) {
        self.descriptor = descriptor
        self.address = address
        self.replyTimeout = replyTimeout
        setWorthwhile(Self.worthwhileByteCount)
    }

    deinit {
        _ = Self.systemClose(descriptor)
    }

    /// Notes bytes that came before all that the socket has.
    func appendEarly(_ bytes: ByteBuffer) {
        early.append(bytes)
    }

    /// Sends, and keeps what the socket does not take at once: `fill` goes on with it.
    package func send(_ bytes: ByteBuffer) throws(TransportError) {
        if unsent.readableBytes == 0 { unsent = bytes } else { unsent.writeImmutableBuffer(bytes) }
        try sendRest()
    }

    /// Appends what has come to the buffer; waits until something has.
    package func fill(_ input: inout ByteBuffer) throws(TransportError) {
        try sendRest()
        if let bytes = early.popFirst() {
            input.writeImmutableBuffer(bytes)
            return
        }
        if try read(&input) { return }
        try wait(milliseconds: Self.patienceMilliseconds)
        if try read(&input) { return }
        // There is little to come, or the server is slow: now each byte counts.
        setWorthwhile(1)
        defer { setWorthwhile(Self.worthwhileByteCount) }
        let start = NIODeadline.now()
        while true {
            try wait(milliseconds: Self.sliceMilliseconds)
            if try read(&input) { return }
            if Task.isCancelled { throw .cancelled(address) }
            guard NIODeadline.now() - start < replyTimeout else { throw .silent(address, replyTimeout) }
        }
    }

    // MARK: System calls

    /// Whether there was something.
    private func read(_ input: inout ByteBuffer) throws(TransportError) -> Bool {
        var count = 0
        input.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.readByteCount) { target in
            count = Self.systemRead(descriptor, target.baseAddress, min(target.count, Self.readByteCount))
            return max(count, 0)
        }
        if count > 0 { return true }
        guard count < 0 else { throw TransportError(.closed, "\(address) closed the connection") }
        try checkTransient()
        return false
    }

    private func sendRest() throws(TransportError) {
        while unsent.readableBytes > 0 {
            let count = unsent.withUnsafeReadableBytes { Self.systemSend(descriptor, $0.baseAddress, $0.count) }
            guard count >= 0 else { return try checkTransient() }
            unsent.moveReaderIndex(forwardBy: count)
        }
    }

    /// Waits for something to read, or for room where something is to be sent.
    private func wait(milliseconds: CInt) throws(TransportError) {
        let events = unsent.readableBytes > 0 ? POLLIN | POLLOUT : POLLIN
        var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        if poll(&entry, 1, milliseconds) < 0 { try checkTransient() }
        try sendRest()
    }

    /// Throws unless the last call may go better the next time.
    private func checkTransient() throws(TransportError) {
        let number = errno
        guard number != EAGAIN, number != EWOULDBLOCK, number != EINTR else { return }
        throw TransportError(channelError: IOError(errnoCode: number, reason: "socket"), address: address)
    }

    /// As many bytes make the socket readable.
    private func setWorthwhile(_ byteCount: CInt) {
        var byteCount = byteCount
        setsockopt(descriptor, SOL_SOCKET, SO_RCVLOWAT, &byteCount, socklen_t(MemoryLayout<CInt>.size))
    }

    // The methods here have the names of the calls.
    private static func systemRead(_ descriptor: CInt, _ target: UnsafeMutableRawPointer?, _ count: Int) -> Int {
        recv(descriptor, target, count, 0)
    }

    private static func systemSend(_ descriptor: CInt, _ source: UnsafeRawPointer?, _ count: Int) -> Int {
        #if canImport(Glibc)
        Glibc.send(descriptor, source, count, CInt(MSG_NOSIGNAL))
        #else
        Darwin.send(descriptor, source, count, 0)
        #endif
    }

    private static func systemClose(_ descriptor: CInt) -> CInt { close(descriptor) }
}

extension NodeConnection {
    /// Takes the socket out of the event loop's hands, between replies, for a task that reads and writes it itself; nil
    /// where TLS lies between.
    func takeSocket() async throws(TransportError) -> RawSocket? {
        let taken = channel.eventLoop.submit { [handler] in try handler.value.takeSocket() }
        guard let (descriptor, replyTimeout) = try await value(of: taken) else { return nil }
        return RawSocket(descriptor: descriptor, address: address, replyTimeout: replyTimeout)
    }
}

extension TransportError {
    /// Nothing came although something was to come.
    static func silent(_ address: String, _ timeout: TimeAmount) -> Self {
        Self(
            .timedOut,
            "\(address) sent nothing for \(timeout.text) while an answer was due; is the server busy or suspended?"
        )
    }
}
