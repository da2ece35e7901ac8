import NIOCore
import RESP
import Transport

/// Keeps the client flags of items that go by themselves in the hash of `--flags-hash`; those of batches the lanes keep.
struct ItemFlagsHash {
    let key: ByteBuffer
    let control: NodeConnection

    /// Keeps the flags of an item that was stored; the connection is left in database 0.
    func keep(
        _ flags: UInt64,
        of item: ByteBuffer,
        in database: UInt32,
        _ tally: inout RestoreTally
    ) async throws(TransportError) {
        _ = try await control.command("SELECT", .number(Int64(database)))
        var refusal: String?
        do throws(TransportError) {
            _ = try await control.command("HSET", .bytes(key), .bytes(item), .text(String(flags)))
        } catch {
            guard error.category == .refusedByServer || error.category == .credentials else { throw error }
            refusal = error.serverText ?? error.message
        }
        _ = try await control.command("SELECT", 0)
        tally.noteFlags(count: 1, in: database, refusal: refusal)
    }
}
