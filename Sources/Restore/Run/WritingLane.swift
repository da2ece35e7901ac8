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

extension WritingLane {
    /// Counts a value of which a part was sent when `error` came: the connection ends in the middle of its command.
    func abandon(_ record: CommandBatch.Sent, because error: any Error, _ tally: inout RestoreTally) async {
        await close()
        if error is TransportError || error is CancellationError {
            tally.giveUp([record], because: .connectionLost)
        } else {
            tally.sample.remove(rank: record.rank)
            tally.accounting.add(to: .lostBlock)
        }
    }
}
