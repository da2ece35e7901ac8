package import Transport

extension ConnectionOptions {
    /// What a server decodes of a value per second at least, even one that has little of a busy processor.
    private static let decodedByteCountPerSecond: UInt64 = 2 << 20

    /// The same with more patience for answers where values are large.
    ///
    /// A server decodes the payload of a RESTORE in one go and answers nobody meanwhile. `byteCount` is the size of the
    /// largest value; one of 512 MiB may take a loaded server minutes.
    package func waiting(forValueOf byteCount: UInt64) -> Self {
        var options = self
        options.replyTimeout += .seconds(Int64(clamping: byteCount / Self.decodedByteCountPerSecond))
        return options
    }
}
