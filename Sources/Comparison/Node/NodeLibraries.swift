package import NIOCore
import RDB
import RESP
package import Transport

/// The function libraries of a live node.
package enum NodeLibraries: Sendable {
    /// As bodies of records.
    case found([ByteBuffer])
    /// The server knows no functions (before Redis 7.0), so that it has none.
    case unknown
    /// The node did not let them be read: its words.
    case refused(String)

    package static func read(_ connection: NodeConnection) async throws -> Self {
        let reply = try await connection.reply(to: ["FUNCTION", "DUMP"])
        if let payload = reply.bytes { return .found(try FunctionPayload.bodies(of: payload)) }
        guard let error = reply.error else { return .found([]) }
        if error.isUnknownCommand { return .unknown }
        return .refused(error.safeText)
    }
}
