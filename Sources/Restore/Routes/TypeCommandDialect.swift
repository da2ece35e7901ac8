import SnapshotModel
import Transport

/// What the commands of the value types can say to a target; by its version, as `RESTORE` needs none of it.
///
/// Sources: the `since` fields and histories of redis and valkey src/commands/*.json.
package struct TypeCommandDialect: Hashable, Sendable {
    /// `HPEXPIREAT` (Redis 7.4, Valkey 9.0).
    package var knowsFieldDeadlines: Bool
    /// `XSETID … ENTRIESADDED … MAXDELETEDID`, `XGROUP CREATE … ENTRIESREAD` (Redis 7.0).
    package var knowsStreamCounters: Bool
    /// `XGROUP CREATECONSUMER` (Redis 6.2); before, reading the history of a consumer makes it.
    package var knowsConsumerCreation: Bool
    /// The largest bulk string that the target takes, in bytes.
    package var largestArgumentByteCount: Int

    package init(
        knowsFieldDeadlines: Bool,
        knowsStreamCounters: Bool,
        knowsConsumerCreation: Bool,
        largestArgumentByteCount: Int = CommandDialect.standardLargestArgument
    ) {
        self.knowsFieldDeadlines = knowsFieldDeadlines
        self.knowsStreamCounters = knowsStreamCounters
        self.knowsConsumerCreation = knowsConsumerCreation
        self.largestArgumentByteCount = largestArgumentByteCount
    }
}

extension TypeCommandDialect {
    /// What a target can be told, by its version.
    package init(_ target: TargetFacts) {
        let version = ServerVersion(target.version)
        self.init(
            knowsFieldDeadlines: version >= (target.engine == .valkey ? ServerVersion(9, 0) : ServerVersion(7, 4)),
            knowsStreamCounters: version >= ServerVersion(7, 0),
            knowsConsumerCreation: version >= ServerVersion(6, 2),
            largestArgumentByteCount: target.largestArgumentByteCount
        )
    }
}
