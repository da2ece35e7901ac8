import NIOCore
import Transport

/// A connection that writes batches, in order, until they are answered.
///
/// The task that runs the restore is the only user.
protocol WritingLane: AnyObject {
    /// Writes a batch, and counts what was answered meanwhile.
    func write(_ batch: consuming CommandBatch, _ tally: inout RestoreTally) async throws(TransportError)
    /// Writes a part of a command that a later call ends with `record`; every batch before it is answered, and `database`
    /// is where it goes.
    func writePart(
        _ bytes: ByteBuffer,
        ending record: CommandBatch.Sent?,
        _ tally: inout RestoreTally
    ) async throws(TransportError)
    /// Makes commands go to a database; every answer before is awaited.
    func select(_ database: UInt32, _ tally: inout RestoreTally) async throws(TransportError)
    /// Waits for all answers and counts them.
    func drain(_ tally: inout RestoreTally) async throws(TransportError)
    /// Counts the answers that came before the connection broke, and gives the rest up.
    func giveUp(_ tally: inout RestoreTally) async
    func close() async
}
