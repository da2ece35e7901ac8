import Catalog
import Crypto
import Retention
import SnapshotModel

/// What the pure plan is made of: the inventory of a repository in the planner's words.
struct RetentionInput: Sendable {
    let backups: [Backup]
    let facts: RetentionFacts

    init(_ inventory: RepositoryInventory, _ request: ExpireRequest) {
        let keys = request.retention.groupBy
        backups =
            inventory.items.map { Backup($0, groupBy: keys) }
            + inventory.runs.filter(\.isFailedSnapshot).map { Backup($0, groupBy: keys) }
        let earlier = inventory.retentionRuns(of: request.policyName)
        facts = RetentionFacts(
            highWaterMark: earlier.map(\.mark).max(),
            missingFiles: Set(inventory.items.filter { !$0.hasAllParts }.map(\.entry.id.text)),
            disagreement: inventory.disagreement,
            policyDigest: request.retention.digest,
            policyDigestAtLastRun: earlier.first?.policyDigest,
            scheduleInterval: request.scheduleInterval
        )
    }
}

/// What an earlier run of retention left on record.
struct RetentionRun: Hashable, Sendable {
    let id: SnapshotID
    let mark: UnixMilliseconds
    let policyDigest: String
}

extension RepositoryInventory {
    /// The earlier runs of retention by a policy, the newest first.
    func retentionRuns(of policy: String) -> [RetentionRun] {
        runs.compactMap { run in
            guard run.policy == policy, case .expired(let mark, let policyDigest, _) = run.outcome else { return nil }
            return RetentionRun(id: run.id, mark: mark, policyDigest: policyDigest)
        }
    }
}

extension RetentionPolicy {
    /// SHA-256 of the canonical text: tells whether the rules changed since the last run.
    var digest: String {
        SHA256.hash(data: Array(canonicalText.utf8)).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }
}

extension Backup {
    fileprivate init(_ item: RepositoryInventory.Item, groupBy keys: [GroupKey]) {
        let entry = item.entry
        var holds = item.holds.map { Hold(name: $0.reason, reason: $0.reason, by: $0.statedBy, until: $0.until) }
        if item.hasUnreadableFacts { holds.append(Hold(name: "a fact that cannot be read")) }
        self.init(
            id: entry.id.text,
            group: GroupKey.group(by: keys) { key in
                switch key {
                case .source: entry.sourceName
                case .policy: entry.policy
                case .engine: entry.engine.rawValue
                case .method: entry.method.rawValue
                case .tag(let name): entry.tags[name]
                }
            },
            takenAt: entry.instant,
            sequence: entry.sequence,
            health: Health(entry.state),
            tags: entry.tags,
            holds: holds,
            leaseUntil: item.isLeased ? UnixMilliseconds(.max) : nil
        )
    }

    /// An attempt that left no snapshot: it is kept and removed like one that failed.
    fileprivate init(_ run: RunRecord, groupBy keys: [GroupKey]) {
        self.init(
            id: run.id.text,
            group: GroupKey.group(by: keys) { key in
                switch key {
                case .source: run.sourceName
                case .policy: run.policy
                case .engine, .method, .tag: nil
                }
            },
            takenAt: run.startedAt,
            state: .failed
        )
    }
}

extension Backup.Health {
    fileprivate init(_ state: SnapshotEntry.State) {
        if state.isCorrupt {
            self = .corrupt
        } else if state.isSuspicious {
            self = .suspicious
        } else if let drilledAt = state.drilledAt {
            self = .drilled(at: drilledAt)
        } else if let verifiedAt = state.verifiedAt {
            self = .verified(at: verifiedAt)
        } else {
            self = .unknown
        }
    }
}
