/// What the source knew of a key's last use; only servers with an LRU or LFU maxmemory policy tell it in a stream.
package enum AccessData: Hashable, Sendable {
    /// The source told nothing.
    case none
    /// Seconds since the last access, at the instant of the capture (RDB opcode 248, `OBJECT IDLETIME`).
    case idle(seconds: UInt64)
    /// The logarithmic access counter, 0 to 255 (RDB opcode 249, `OBJECT FREQ`).
    case frequency(UInt8)
}
