package import SnapshotModel

/// A snapshot as a list shows it: what the catalog keeps in columns, without decoding a manifest.
package struct SnapshotEntry: Hashable, Sendable, Identifiable {
    package var id: SnapshotID
    package var sequence: UInt64
    package var sourceName: String
    package var engine: Engine
    package var policy: String?
    package var method: CaptureMethod
    package var instant: UnixMilliseconds
    package var startedAt: UnixMilliseconds
    package var finishedAt: UnixMilliseconds
    package var isPointInTime: Bool
    package var keyCount: UInt64
    package var expiringKeyCount: UInt64
    package var storedByteCount: UInt64
    package var rawByteCount: UInt64
    package var partCount: Int
    package var warningCount: Int
    package var codec: String
    package var tags: [String: String]
    package var state: State

    /// The part of a `SnapshotStanding` that a list needs.
    package struct State: Hashable, Sendable {
        package var deletedAt: UnixMilliseconds?
        package var purgedAt: UnixMilliseconds?
        package var verifiedAt: UnixMilliseconds?
        /// When it last passed a drill; nil if a later one found a difference.
        package var drilledAt: UnixMilliseconds?
        /// The last drill of all, whatever it came to.
        package var lastDrill: LastDrill?
        package var isCorrupt: Bool
        package var isSuspicious: Bool
        /// The end of the last hold to end: `.max` for one without an end, nil without holds.
        package var heldUntil: UnixMilliseconds?

        package struct LastDrill: Hashable, Sendable {
            package var statedAt: UnixMilliseconds
            package var result: DrillRecord.Result
        }

        package var isLive: Bool { deletedAt == nil && purgedAt == nil }
        package var isTrusted: Bool { isLive && !isCorrupt && !isSuspicious }
        package func isHeld(at now: UnixMilliseconds) -> Bool { heldUntil.map { now < $0 } ?? false }
    }
}

extension SnapshotEntry {
    package init(_ manifest: Manifest, _ standing: SnapshotStanding) {
        id = manifest.id
        sequence = manifest.sequence
        sourceName = manifest.source.name
        engine = manifest.source.engine
        policy = manifest.policy
        method = manifest.method
        instant = manifest.instant
        startedAt = manifest.startedAt
        finishedAt = manifest.finishedAt
        isPointInTime = manifest.consistency.isPointInTime
        keyCount = manifest.keyCount
        expiringKeyCount = manifest.statistics.expiringKeyCount
        storedByteCount = manifest.storedByteCount
        rawByteCount = manifest.rawByteCount
        partCount = manifest.parts.count
        warningCount = manifest.warnings.count
        codec = manifest.codec
        tags = manifest.tags
        state = State(standing)
    }

    /// The total order of snapshots, newest first: instant, then sequence, then id.
    package static func isNewer(_ left: Self, _ right: Self) -> Bool {
        (left.instant, left.sequence, left.id) > (right.instant, right.sequence, right.id)
    }
}

extension SnapshotEntry.State {
    package init(_ standing: SnapshotStanding) {
        deletedAt = standing.deletedAt
        purgedAt = standing.purgedAt
        verifiedAt = standing.verifiedAt
        drilledAt = standing.drilledAt
        lastDrill = standing.drills.last.map { LastDrill(statedAt: $0.statedAt, result: $0.record.result) }
        isCorrupt = standing.isCorrupt
        isSuspicious = standing.isSuspicious
        let forever = UnixMilliseconds(.max)
        heldUntil = standing.unreadableFactCount > 0 ? forever : standing.holds.map { $0.until ?? forever }.max()
    }
}
