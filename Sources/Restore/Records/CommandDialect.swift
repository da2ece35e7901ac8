package import SnapshotModel

/// In which words a target is spoken to: fixed for a run, chosen by the plan.
package struct CommandDialect: Hashable, Sendable {
    /// Which access data the target's maxmemory policy makes use of.
    package enum AccessUse: String, Codable, Hashable, Sendable {
        case none
        case idle
        case frequency

        /// From `maxmemory_policy` of INFO, "allkeys-lfu".
        package init(policy: String?) {
            switch policy?.split(separator: "-").last {
            case "lru": self = .idle
            case "lfu": self = .frequency
            default: self = .none
            }
        }
    }

    /// Overwrite keys of the target; else a key that is there stays (NX, no REPLACE).
    package var replacesKeys: Bool
    /// `SET … PXAT` (Redis 6.2); without it strings with a deadline go by RESTORE.
    package var knowsSetDeadline: Bool
    package var accessUse: AccessUse
    /// The RDB version that payloads are stamped with: that of the archive, whose types and encodings it names.
    package var rdbVersion: UInt16
    /// The largest bulk string that the target takes, in bytes (`proto-max-bulk-len`).
    package var largestArgumentByteCount: Int
    /// The longest string that the target holds, in bytes (`proto-max-bulk-len`, too).
    package var largestStringByteCount: Int

    package init(
        replacesKeys: Bool,
        knowsSetDeadline: Bool,
        accessUse: AccessUse,
        rdbVersion: UInt16,
        largestArgumentByteCount: Int = Self.standardLargestArgument,
        largestStringByteCount: Int = Self.standardLargestArgument
    ) {
        self.replacesKeys = replacesKeys
        self.knowsSetDeadline = knowsSetDeadline
        self.accessUse = accessUse
        self.rdbVersion = rdbVersion
        self.largestArgumentByteCount = largestArgumentByteCount
        self.largestStringByteCount = largestStringByteCount
    }

    /// `proto-max-bulk-len` as servers come: 512 MiB.
    package static let standardLargestArgument = 512 << 20

    /// What a target's query buffer needs beside the largest argument: the rest of the command, and commands behind it;
    /// of a small buffer an eighth.
    package static let queryBufferReserve = 1 << 20

    /// Whether a record's access data goes along.
    package func uses(_ access: AccessData) -> Bool {
        switch access {
        case .none: false
        case .idle: accessUse == .idle
        case .frequency: accessUse == .frequency
        }
    }
}
