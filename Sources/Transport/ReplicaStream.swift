package import NIOCore

/// The RDB bytes of a full synchronisation, as a replica gets them.
///
/// Reading it to its end closes the connection.
package struct ReplicaStream: Sendable {
    /// How the end of the transfer is known.
    package enum Kind: Hashable, Sendable {
        /// A diskless transfer: an end marker follows the payload.
        case eofMarker
        /// A transfer from the server's disk: the payload's length in bytes.
        case length(UInt64)
    }

    package let kind: Kind
    /// 40 hexadecimal digits; nil where the server was asked by SYNC, which does not tell.
    package let replicationID: String?
    /// The offset in bytes of the replication stream that the payload represents.
    package let replicationOffset: Int64?
    /// Whether the server knows that no command stream is wanted after the payload (`REPLCONF rdb-only`).
    package let isRDBOnly: Bool

    let connection: NodeConnection
    let queue: ChunkQueue
    let sink: NIOLoopBound<ReplicaSink>

    /// The next payload bytes, mostly 256 to 512 KiB; nil after the proper end.
    ///
    /// A cut transfer is an error.
    package mutating func next() async throws(TransportError) -> ByteBuffer? {
        do throws(TransportError) {
            return try await connection.next(of: queue) { [sink] in sink.value.resume() }
        } catch {
            throw Task.isCancelled ? .cancelled(connection.address) : error
        }
    }

    /// Gives the chunk that was read last back, so that its memory serves a later one; `chunk` must be used up.
    package func recycle(_ chunk: consuming ByteBuffer) {
        queue.recycle(consume chunk)
    }

    /// The time in which the socket was not read because the consumer had not taken what was there: it costs the
    /// source, whose child process lives longer.
    package var pausedTime: Duration { queue.pausedTime }
    /// The time in which the consumer waited for bytes.
    package var waitingTime: Duration { queue.consumerTime }

    /// Gives the transfer up.
    package func close() async {
        await connection.close()
    }
}
