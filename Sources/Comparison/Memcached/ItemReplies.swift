import Memcached
import NIOCore
import Transport

/// Reads the answers to `mg`, in the order of the commands; nothing else uses the connection meanwhile.
struct ItemReplies {
    private let connection: MemcachedConnection
    private var parser = MetaReplyParser()
    private var input = ByteBuffer()

    init(_ connection: MemcachedConnection) {
        self.connection = connection
    }

    /// What the server tells of the next item, whose value goes to `receive` in pieces; nil if it is not there.
    mutating func next(_ receive: (ByteBuffer) -> Void) async throws(TransportError) -> MetaFlags? {
        var flags = MetaFlags()
        while true {
            switch try await reply() {
            case .value(let found, let value):
                receive(value)
                return found
            case .largeValue(let found, _): flags = found
            case .piece(let piece, let isLast):
                receive(piece)
                if isLast { return flags }
            case .done(let found): return found
            case .miss: return nil
            case .error(let error): throw TransportError(error, command: "mg", address: connection.address)
            case .notFound, .notStored, .exists, .noop:
                throw TransportError(
                    .protocolViolation,
                    "\(connection.address) gave mg an answer that does not fit"
                )
            }
        }
    }

    private mutating func reply() async throws(TransportError) -> MetaReply {
        while true {
            let found = try connection.violation { () throws(MemcachedError) in try parser.next(&input) }
            if let found { return found }
            var bytes = try await connection.next()
            if input.readableBytes == 0 { input.clear() }
            input.writeBuffer(&bytes)
        }
    }
}
