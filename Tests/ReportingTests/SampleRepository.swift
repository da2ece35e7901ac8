import Reporting
import SnapshotModel
import TestSupport

/// A repository as it could be: the same for the same seed.
struct SampleRepository {
    var status: RepositoryPage.Status = .warning
    var seed: UInt64 = 6
    private static let day: Int64 = 86_400_000

    var content: RepositoryPage.Content {
        var generator = SeededGenerator(seed: seed)
        let now = SampleDrill.end
        var content = RepositoryPage.Content(
            repository: "/var/backups/rewarm",
            policy: "web",
            status: status,
            generatedAt: now,
            toolVersion: "0.5.0"
        )
        let days = Array(0..<16) + [19, 26, 33, 40, 47, 70, 100, 131, 162]
        content.snapshots = days.filter { $0 != 5 }.map { day in
            let manifest = SampleDrill.manifest(daysAgo: Int64(day), &generator)
            let letter = day % 30 == 11 || day > 50 ? "M" : day % 7 == 5 || day > 16 ? "W" : day < 7 ? "D" : nil
            let reasons =
                day < 7 ? ["last \(day + 1)/5", "daily \(day + 1)/7"] : letter == nil ? [] : ["weekly \(day / 7)/4"]
            return RepositoryPage.Snapshot(
                id: manifest.id,
                sourceName: manifest.source.name,
                instant: manifest.instant,
                keyCount: manifest.keyCount,
                storedByteCount: manifest.storedByteCount,
                rawByteCount: manifest.rawByteCount,
                states: day == 3 ? ["held", "verified"] : ["verified"],
                verifiedAt: now.advanced(byMilliseconds: -Self.day),
                decision: letter == nil ? .delete : .keep,
                reasons: reasons,
                tierLetter: letter,
                earliestDeleteAt: letter == nil ? nil : now.advanced(byMilliseconds: Self.day * 20)
            )
        }
        content.gaps = [
            .init(
                from: now.advanced(byMilliseconds: -6 * Self.day - 12_000_000),
                to: now.advanced(byMilliseconds: -4 * Self.day - 12_000_000),
                missedCount: 1
            )
        ]
        content.schedule = "every day at 03:30"
        content.failedRuns = [
            .init(
                at: now.advanced(byMilliseconds: -5 * Self.day - 12_000_000),
                sourceName: "web-cache",
                kind: "unreachable",
                reason: "connect cache-1:6379: connection refused"
            )
        ]
        content.rules = [
            .init(
                name: "last",
                setting: "5",
                keptCount: 5,
                newest: now,
                oldest: now.advanced(byMilliseconds: -5 * Self.day)
            ),
            .init(
                name: "daily",
                setting: "7",
                keptCount: 6,
                newest: now,
                oldest: now.advanced(byMilliseconds: -7 * Self.day)
            ),
            .init(name: "weekly", setting: "4", keptCount: 4),
            .init(name: "monthly", setting: "6", keptCount: 6),
            .init(name: "last-drilled", setting: "true", keptCount: 1),
            .init(name: "hold", setting: nil, keptCount: 1),
        ]
        let drill = SampleDrill().content
        (content.drills, content.zone) = (drill.trend, drill.zone)
        content.objectives = drill.record.objectives
        content.freeByteCount = 81_000_000_000
        if status != .good {
            content.findings = [
                .init(isCritical: status == .critical, message: "last verified 9 d 4 h ago, more than 8d"),
                .init(isCritical: false, message: "<script>alert(1)</script> & \"quotes\" in a name"),
            ]
        }
        return content
    }
}
