import Catalog
import SnapshotModel

/// The file of metrics of one policy.
///
/// ```
/// of this run                                      the attempt: when, how long, exit code
/// of the repository, if it could be read           the newest good snapshot, counts, bytes, verification, drill
/// else, of the file that is there                  those lines as they are: the last success stays known
/// ```
struct PolicyMetricsText {
    let labels: MetricLabels
    let attempt: RunAttempt
    /// nil if the repository could not be read.
    let figures: RepositoryFigures?
    /// The text of the file that is there, if there is one.
    let earlier: String?

    var text: String { families.map { $0.text(labels) }.joined() }

    private var families: [MetricFamily] {
        guard let figures else { return ofAttempt + kept }
        return ofAttempt + Self.ofNewest(figures) + Self.ofRepository(figures) + Self.ofProofs(figures)
    }

    private var ofAttempt: [MetricFamily] {
        [
            .init(
                "rewarm_last_attempt_timestamp_seconds",
                "When the last run of the policy ended, whatever it came to.",
                MetricValue.seconds(milliseconds: attempt.endedAt.rawValue)
            ),
            .init(
                "rewarm_last_attempt_success",
                "Whether the last run left a good snapshot: 1 or 0.",
                MetricValue.bool(attempt.isSuccess)
            ),
            .init(
                "rewarm_last_attempt_exit_code",
                "The exit code of the last run.",
                MetricValue.count(attempt.exitCode)
            ),
            .init(
                "rewarm_last_attempt_duration_seconds",
                "How long the last run took.",
                MetricValue.seconds(milliseconds: attempt.durationMilliseconds)
            ),
        ]
    }

    /// The order of the names that follow the attempt's, for the lines of an earlier file.
    private static let help: [(name: String, help: String)] = [
        ("rewarm_last_success_timestamp_seconds", "When the newest good snapshot was finished."),
        ("rewarm_snapshot_instant_timestamp_seconds", "The instant that the newest good snapshot represents."),
        ("rewarm_snapshot_duration_seconds", "How long the newest good snapshot took."),
        ("rewarm_snapshot_keys", "Keys of the newest good snapshot."),
        ("rewarm_snapshot_expiring_keys", "Keys of the newest good snapshot that have a deadline."),
        ("rewarm_snapshot_expired_keys", "Keys of the newest good snapshot whose deadline had passed at its instant."),
        ("rewarm_snapshot_raw_bytes", "Size of the newest good snapshot before compression."),
        ("rewarm_snapshot_stored_bytes", "Size of the archives of the newest good snapshot."),
        ("rewarm_snapshots_kept", "Snapshots of the policy that are kept, whatever their state."),
        ("rewarm_snapshots_suspicious", "Snapshots of the policy that a guard doubts."),
        ("rewarm_snapshots_corrupt", "Snapshots of the policy that a verification found damaged."),
        ("rewarm_repository_stored_bytes", "Size of all archives of the repository, deleted ones included."),
        ("rewarm_repository_free_bytes", "Space that is free for the repository."),
        (
            "rewarm_last_verification_timestamp_seconds",
            "When a snapshot of the policy was last verified and found good."
        ),
        ("rewarm_last_drill_timestamp_seconds", "When the last drill of the policy ended."),
        ("rewarm_last_drill_success", "Whether the last drill passed: 1 or 0."),
        ("rewarm_last_drill_rto_seconds", "How long recovery took in the last drill."),
        ("rewarm_last_drill_rpo_seconds", "How old the data was in the last drill."),
    ]
}

extension PolicyMetricsText {
    private static func family(_ name: String, _ sample: MetricFamily.Sample) -> MetricFamily {
        MetricFamily(name, help.first { $0.name == name }?.help ?? name, sample)
    }

    private static func ofNewest(_ figures: RepositoryFigures) -> [MetricFamily] {
        guard let newest = figures.newest else { return [] }
        let duration = newest.finishedAt.milliseconds(since: newest.startedAt)
        var families = [
            family(
                "rewarm_last_success_timestamp_seconds",
                MetricValue.seconds(milliseconds: newest.finishedAt.rawValue)
            ),
            family(
                "rewarm_snapshot_instant_timestamp_seconds",
                MetricValue.seconds(milliseconds: newest.instant.rawValue)
            ),
            family("rewarm_snapshot_duration_seconds", MetricValue.seconds(milliseconds: duration)),
            family("rewarm_snapshot_keys", MetricValue.count(newest.keyCount)),
            family("rewarm_snapshot_expiring_keys", MetricValue.count(newest.expiringKeyCount)),
        ]
        if let count = figures.expiredKeyCount {
            families.append(family("rewarm_snapshot_expired_keys", MetricValue.count(count)))
        }
        return families + [
            family("rewarm_snapshot_raw_bytes", MetricValue.count(newest.rawByteCount)),
            family("rewarm_snapshot_stored_bytes", MetricValue.count(newest.storedByteCount)),
        ]
    }

    private static func ofRepository(_ figures: RepositoryFigures) -> [MetricFamily] {
        var families = [
            family("rewarm_snapshots_kept", MetricValue.count(figures.keptCount)),
            family("rewarm_snapshots_suspicious", MetricValue.count(figures.suspiciousCount)),
            family("rewarm_snapshots_corrupt", MetricValue.count(figures.corruptCount)),
            family("rewarm_repository_stored_bytes", MetricValue.count(figures.storedByteCount)),
        ]
        if let count = figures.freeByteCount {
            families.append(family("rewarm_repository_free_bytes", MetricValue.count(count)))
        }
        return families
    }

    /// Absent until there is one.
    private static func ofProofs(_ figures: RepositoryFigures) -> [MetricFamily] {
        var families: [MetricFamily] = []
        if let verifiedAt = figures.verifiedAt {
            let value = MetricValue.seconds(milliseconds: verifiedAt.rawValue)
            families.append(family("rewarm_last_verification_timestamp_seconds", value))
        }
        guard let drill = figures.drill else { return families }
        families += [
            family(
                "rewarm_last_drill_timestamp_seconds",
                MetricValue.seconds(milliseconds: drill.endedAt.rawValue)
            ),
            family("rewarm_last_drill_success", MetricValue.bool(drill.isSuccess)),
        ]
        if let recovery = drill.recoveryMilliseconds {
            families.append(family("rewarm_last_drill_rto_seconds", MetricValue.seconds(milliseconds: recovery)))
        }
        let age = MetricValue.seconds(milliseconds: drill.dataAgeMilliseconds)
        return families + [family("rewarm_last_drill_rpo_seconds", age)]
    }

    /// The lines of the earlier file that have the same labels: what a hand or another program wrote there goes.
    private var kept: [MetricFamily] {
        guard let earlier else { return [] }
        let lines = earlier.split(separator: "\n")
        return Self.help.compactMap { name, _ in
            let prefix = name + labels.text + " "
            guard let line = lines.first(where: { $0.hasPrefix(prefix) }), Double(line.dropFirst(prefix.count)) != nil
            else { return nil }
            return Self.family(name, .line(String(line)))
        }
    }
}
