import NIOCore
import RDB
import RESP
import Transport

/// Restores function libraries, one by one, so that each is counted for itself.
struct LibraryLoader: Sendable {
    let connection: NodeConnection
    let dialect: CommandDialect
    /// Whether the target knows functions (Redis 7.0).
    let isSupported: Bool

    /// Restores the library of a record's body; the policy is that of keys: REPLACE, or APPEND, which leaves a library
    /// of that name alone.
    func load(_ body: ByteBuffer, _ tally: inout RestoreTally) async throws(TransportError) {
        guard isSupported else {
            tally.libraries.add(to: .unsupported, because: .unknownType("function"))
            return
        }
        let payload = FunctionPayload.make(bodies: [body], rdbVersion: FunctionPayload.rdbVersion)
        let policy: RESPArgument = dialect.replacesKeys ? "REPLACE" : "APPEND"
        let reply = try await connection.reply(to: ["FUNCTION", "RESTORE", .bytes(payload), policy])
        if reply.isOK {
            tally.libraries.add(to: .restored)
        } else if let error = reply.error, error.text.contains("already exists") {
            tally.libraries.add(to: tally.classOfPresent)
        } else {
            let verdict = tally.judge(reply, typeName: "function")
            tally.libraries.add(to: verdict.recordClass, because: verdict.reason)
        }
    }
}
