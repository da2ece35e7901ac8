import NIOCore

/// What a connection is used for at the moment: takes the bytes that arrive.
///
/// All calls come on the event loop.
protocol ReplySink: AnyObject {
    /// Whether the server owes bytes, so that their absence is a time-out.
    var isAwaitingBytes: Bool { get }
    /// Takes bytes that arrived.
    func receive(_ bytes: ByteBuffer) throws(TransportError)
    /// The bytes that were there have been read; with manual reading this is where the next read is asked for.
    func readCompleted()
    /// The connection is over; called once, nothing follows.
    func fail(_ error: TransportError)
}
