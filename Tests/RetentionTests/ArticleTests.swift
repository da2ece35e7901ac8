import Retention
import SnapshotModel
import TestSupport
import Testing

/// The article names what the code says.
struct ArticleTests {
    private func article() throws -> String {
        try ProjectFile.read("Sources/Retention/Retention.docc/Retention.md").text
    }

    @Test func `the article's example is the plan of its worked case`() throws {
        let golden = try ProjectFile.read("Tests/RetentionTests/Goldens/rome-autumn.txt").text
        #expect(try article().contains(golden))
    }

    @Test func `every key of a policy, every brake and every reason stands in the article`() throws {
        let article = try article()
        for line in RetentionPolicy().canonicalText.split(separator: "\n") {
            let key = line.prefix { $0 != ":" && $0 != "." }
            #expect(article.contains("`\(key)"), "\(key)")
        }
        let now = UnixMilliseconds(0)
        let brakes: [RetentionBrake] = [
            .lastCandidate(group: ""), .massDelete(group: "", deletions: 0, of: 0, percent: 0),
            .clockBack(now: now, highWaterMark: now), .anchorBehind(group: "", now: now, newest: now),
            .newestMissing(group: "", id: ""), .disagreement(""), .policyChanged,
        ]
        for brake in brakes { #expect(article.contains("| `\(brake.name)` |"), "\(brake.name)") }
        let day = try CivilDuration(parsing: "3d")
        let bucket = BucketKey(
            .daily,
            WallTime(date: CivilDate(year: 2026, month: 11, day: 19), millisecondOfDay: 0, offset: 0)
        )
        let end = try #require(UnixMilliseconds(rfc3339: "2026-12-31T00:00:00Z"))
        let reasons: [RetentionReason] = [
            .last(position: 2, of: .limited(3)), .within(try CivilDuration(parsing: "36h")),
            .tier(.daily, position: 3, of: .limited(7), bucket: bucket),
            .tierWithin(.daily, try CivilDuration(parsing: "2w"), bucket: bucket), .tags(["env=prod", "weekly"]),
            .oldest,
            .minimumCopies(position: 1, of: 2), .lastDrilled, .lastVerified, .hold(Backup.Hold(name: "audit-2026")),
            .hold(Backup.Hold(name: "audit-2026", until: end)), .lease(until: UnixMilliseconds(.max)),
            .neededBy("20261121T070500Z-4f9c2a"), .failedRecently(.partial, day),
            .failedLast(.failed, position: 2, of: 3),
            .suspiciousRecently(day), .suspiciousLast(position: 1, of: 3), .corruptWithoutSuccessor, .futureDated,
            .running,
        ]
        for reason in reasons { #expect(article.contains("`\(reason)`"), "\(reason)") }
        #expect("\(RetentionReason.lease(until: end))" == "lease until 2026-12-31T00:00:00.000Z")
        #expect("\(RetentionReason.immutable(until: end))" == "immutable until 2026-12-31T00:00:00.000Z")
    }
}
