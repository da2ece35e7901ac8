package import NIOCore
package import RDB
import RESP
package import SnapshotModel
package import Transport

/// Decides about a value that nobody but its module can decode, where the node gives other bytes than the archive has.
///
/// ```
/// the archive's payload -RESTORE-> a key of its own -DUMP-> bytes, twice
/// ```
/// The same bytes as the restored key's: it is what this server makes of the archive's payload. Other bytes, and the same
/// both times: this server serialises such a value always alike, so the restored key has another value. Other bytes each
/// time say nothing.
package struct OpaqueValueProof: Sendable {
    package enum Finding: Hashable, Sendable {
        case same
        case differs
        case undecided
    }

    private let connection: NodeConnection
    private let engine: Engine
    private let scope: ValueFingerprinter.Scope
    private let rdbVersion: Int

    /// `rdbVersion` is that of the archive's payloads, `scope` that of the fingerprints.
    package init(_ connection: NodeConnection, engine: Engine, scope: ValueFingerprinter.Scope, rdbVersion: Int) {
        self.connection = connection
        self.engine = engine
        self.scope = scope
        self.rdbVersion = rdbVersion
    }

    /// `found` is the fingerprint of the restored key; the connection ends up in database 0.
    package func examine(
        _ payload: (type: UInt8, body: ByteBuffer),
        found: ValueFingerprint
    ) async throws(TransportError) -> Finding {
        let key = ByteBuffer(string: "rewarm:drill:" + String(UInt64.random(in: .min ... .max), radix: 16))
        var bytes = ByteBuffer()
        DumpPayload.write(type: payload.type, body: payload.body, rdbVersion: rdbVersion, into: &bytes)
        _ = try await connection.command("SELECT", 0)
        let first = try await load(bytes, as: key)
        let second = first == found ? first : try await load(bytes, as: key)
        guard let first, let second else { return .undecided }
        if first == found { return .same }
        return first == second ? .differs : .undecided
    }

    /// What the server gives for the payload; nil if it does not take it.
    private func load(_ payload: ByteBuffer, as key: ByteBuffer) async throws(TransportError) -> ValueFingerprint? {
        var commands = ByteBuffer()
        commands.writeCommand("RESTORE", .bytes(key), 0, .bytes(payload), "REPLACE")
        commands.writeCommand("DUMP", .bytes(key))
        commands.writeCommand("DEL", .bytes(key))
        let replies = try await connection.pipeline(commands, replyCount: 3)
        guard replies.count == 3, replies[0].isOK, let dumped = replies[1].bytes else { return nil }
        return try? BodyFingerprinter.of(dumped: dumped, engine: engine, scope: scope)?.finish()
    }
}
