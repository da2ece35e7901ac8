/// Who a snapshot is from.
///
/// The name is the identity: it survives a failover; addresses do not.
package struct SourceDescriptor: Codable, Hashable, Sendable {
    /// The policy's source name, else `host:port`, or the file's name for an import.
    package var name: String
    package var engine: Engine
    /// The server's version as it reports it, "7.0.15"; empty where unknown.
    package var serverVersion: String
    /// Where it was read from, without user and password.
    package var address: String
    /// The server's run id (40 hexadecimal digits), where it told one.
    package var runID: String?

    package init(name: String, engine: Engine, serverVersion: String, address: String, runID: String? = nil) {
        self.name = name
        self.engine = engine
        self.serverVersion = serverVersion
        self.address = address
        self.runID = runID
    }
}

/// The clocks at the capture: the source's against this host's.
package struct ClockComparison: Codable, Hashable, Sendable {
    /// Source minus host in milliseconds; positive if the source's clock is ahead.
    package var differenceMilliseconds: Int64
    /// Half the round trip of the TIME command that told it: the difference is known no better than this.
    package var uncertaintyMilliseconds: Int64

    package init(differenceMilliseconds: Int64, uncertaintyMilliseconds: Int64) {
        self.differenceMilliseconds = differenceMilliseconds
        self.uncertaintyMilliseconds = uncertaintyMilliseconds
    }
}
