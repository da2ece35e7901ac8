import Memcached
import Transport

/// All connections of a capture must lead to one process.
///
/// Behind a load balancer, or under a name with several addresses, one would list what the others do not have, and all of
/// that would count as vanished meanwhile.
enum SameServer {
    /// Throws if the connection leads to another process than `runID` tells; nothing is known where a server tells none.
    static func check(_ connection: MemcachedConnection, is runID: String?) async throws {
        guard let runID, let found = try await connection.stats().runID, found != runID else { return }
        throw CaptureError(
            .unsupported,
            "connections to \(connection.address) lead to several servers, as behind a load balancer or under a name with "
                + "several addresses, or it was restarted just now; name one server by its own address"
        )
    }
}
