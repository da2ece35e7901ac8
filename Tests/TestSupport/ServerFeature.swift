/// What only some of the servers know that the tests run, by engine and version.
///
/// Sources: the `since` fields of redis and valkey src/commands/*.json, tried on the servers themselves.
package enum ServerFeature: Sendable, CaseIterable {
    /// `XINFO STREAM key FULL`.
    case fullStreamInformation
    /// `XGROUP CREATECONSUMER`, `SET … PXAT`.
    case consumerCreation
    /// `PEXPIRETIME`.
    case absoluteExpiry
    /// `FUNCTION`, and `enable-debug-command` in the configuration.
    case functions
    /// Lists and sets as listpacks.
    case compactCollections
    /// `HPEXPIREAT`, `HPEXPIRETIME`.
    case fieldDeadlines
    /// `VADD`, in the server itself.
    case vectorSets
    /// `XADD … IDMP`, `XCFGSET`.
    case idempotentProducers

    /// The first version of each engine that knows it; nil for never.
    var firstVersions: (redis: ServerBinary.Release?, valkey: ServerBinary.Release?) {
        switch self {
        case .fullStreamInformation: (.init(6, 0), .init(7, 2))
        case .consumerCreation: (.init(6, 2), .init(7, 2))
        case .absoluteExpiry, .functions: (.init(7, 0), .init(7, 2))
        case .compactCollections: (.init(7, 2), .init(7, 2))
        case .fieldDeadlines: (.init(7, 4), .init(9, 0))
        case .vectorSets: (.init(8, 0), nil)
        case .idempotentProducers: (.init(8, 6), nil)
        }
    }
}
