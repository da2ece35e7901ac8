import Memcached
import NIOCore
import RESP
import Transport

/// The hash of a Redis or Valkey target that keeps the client flags of Memcached's items: `--flags-hash`.
///
/// ```
/// HSET <hash> <key> <flags> …        behind the records of each batch; items without flags have no field
/// ```
/// The fields of items that expire stay. A redone batch writes them again.
final class ItemFlagsHash {
    private let key: String
    private let control: NodeConnection
    /// Databases in which the hash counts as a key.
    private var databases: Set<UInt32> = []

    init(key: String, control: NodeConnection) {
        self.key = key
        self.control = control
    }

    /// Puts the command behind a batch's records.
    func finish(_ batch: inout CommandBatch, _ tally: inout RestoreTally) {
        guard batch.flagFieldCount > 0 else { return }
        batch.bytes.writeCommandHeader(argumentCount: 2 + 2 * batch.flagFieldCount)
        batch.bytes.writeBulk("HSET")
        batch.bytes.writeBulk(key)
        batch.bytes.writeImmutableBuffer(batch.flagFields)
        batch.flagFields = ByteBuffer()
        batch.hasTrailer = true
        count(in: batch.database, &tally)
    }

    /// Keeps the flags of an item that went by itself; the connection is left in database 0.
    func keep(
        _ flags: UInt64,
        of item: ByteBuffer,
        in database: UInt32,
        _ tally: inout RestoreTally
    ) async throws(TransportError) {
        _ = try await control.command("SELECT", .number(Int64(database)))
        _ = try await control.command("HSET", .text(key), .bytes(item), .text(String(flags)))
        _ = try await control.command("SELECT", 0)
        count(in: database, &tally)
    }

    /// It is a key more than those of the snapshot.
    private func count(in database: UInt32, _ tally: inout RestoreTally) {
        guard databases.insert(database).inserted else { return }
        tally.totals.keyspace.update(database) { $0.addExisting() }
    }
}
