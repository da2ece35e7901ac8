import Memcached
import NIOCore

/// Finds out what answers where Redis was expected, and is none.
enum OtherFamily {
    /// The error to tell of a server that sent no reply of Redis; the same error if nobody knows better.
    static func explain(_ error: TransportError, _ options: ConnectionOptions) async -> TransportError {
        guard error.code == .protocolViolation, let link = try? await NodeConnection.openSocket(options) else {
            return error
        }
        let answer = try? await ask(link)
        await link.close()
        guard let answer, answer.hasPrefix("VERSION ") || MetaError(line: answer)?.isUnauthenticated == true else {
            return error
        }
        let scheme = options.url.usesTLS ? "memcacheds://" : "memcached://"
        return TransportError(
            .invalidAddress,
            "\(link.address) does not speak Redis's protocol; it is Memcached: use \(scheme)",
            cause: error
        )
    }

    private static func ask(_ link: NodeConnection) async throws(TransportError) -> String {
        try await link.openExchange().line(ByteBuffer(string: "version\r\n"), address: link.address)
    }
}
