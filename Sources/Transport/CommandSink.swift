import NIOCore
import RESP

/// Commands and pipelines: replies go to the requests in their order.
final class CommandSink: ReplySink {
    private struct Request {
        let replyCount: Int
        let promise: EventLoopPromise<[RESPValue]>
    }

    private let address: String
    private var requests = CircularBuffer<Request>()
    /// What has come for the first request.
    ///
    /// Not inside it: a change of a buffer's element copies the element, and each reply would copy all before it.
    private var replies: [RESPValue] = []
    private var parser = RESPParser()
    private var input = ByteBuffer()

    init(address: String) {
        self.address = address
    }

    var isAwaitingBytes: Bool { !requests.isEmpty }

    /// Announces replies; the promise gets them when all are there.
    func expect(replyCount: Int, promise: EventLoopPromise<[RESPValue]>) {
        guard replyCount > 0 else { return promise.succeed([]) }
        requests.append(Request(replyCount: replyCount, promise: promise))
    }

    func receive(_ bytes: ByteBuffer) throws(TransportError) {
        var bytes = bytes
        if input.readableBytes == 0 {
            input = bytes
        } else {
            input.writeBuffer(&bytes)
        }
        while let value = try nextReply() { try deliver(value) }
        if input.readableBytes == 0 { input = ByteBuffer() }
    }

    private func nextReply() throws(TransportError) -> RESPValue? {
        do throws(RESPError) {
            return try parser.next(&input)
        } catch {
            throw TransportError(.protocolViolation, "\(address) sent no valid reply: \(error)", cause: error)
        }
    }

    private func deliver(_ value: RESPValue) throws(TransportError) {
        if case .push = value { return }
        guard let request = requests.first else {
            // Servers say why they close a connection before anything was asked.
            if let error = value.error { throw TransportError(error, command: nil, address: address) }
            throw TransportError(.protocolViolation, "\(address) sent a reply that nothing asked for")
        }
        if replies.isEmpty { replies.reserveCapacity(request.replyCount) }
        replies.append(value)
        guard replies.count == request.replyCount else { return }
        requests.removeFirst()
        let done = replies
        replies = []
        request.promise.succeed(done)
    }

    func readCompleted() {}

    func fail(_ error: TransportError) {
        let failed = requests
        requests.removeAll()
        replies = []
        for request in failed { request.promise.fail(error) }
    }
}
