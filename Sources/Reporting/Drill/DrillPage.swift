import SnapshotModel

/// What a drill came to, as a page that a person reads: the verdict, its figures, then what stands behind them.
///
/// Pure: the same content gives the same bytes. One file, no scripts, nothing that is fetched.
package struct DrillPage {
    /// Differences that are shown one by one; the others are counted.
    package static let shownDifferenceCount = 50

    let content: Content

    package init(_ content: Content) {
        self.content = content
    }

    var record: DrillRecord { content.record }
    var snapshot: Snapshot { content.snapshot }
    var zone: ReportZone { content.zone }

    package var html: String {
        Page(
            title: "Drill of " + (content.policy ?? snapshot.source.name),
            subtitle: "Snapshot \(snapshot.id) of \(snapshot.source.name), drilled \(zone.text(record.startedAt))."
                + " \(zone.sentence)",
            verdict: verdict,
            sections: [tiles].compactMap(\.self) + sections.compactMap { $0?.markup },
            footer: [
                "Written by rewarm \(content.toolVersion) at \(content.generatedAt)."
                    + (record.reportDigest.map { " SHA-256 of the report as JSON: \($0)." } ?? "")
            ]
        ).html
    }

    private var sections: [Section?] {
        [
            differences, recovery, lives, trend, contents, sizes, notCompared, particulars,
        ]
    }

    // MARK: The verdict

    var verdict: Verdict {
        let details = [sampleSentence, record.reason].compactMap(\.self).filter { !$0.isEmpty }
        switch record.result {
        case .pass:
            return Verdict(tone: .good, word: "Passed", sentence: restoredSentence, details: details)
        case .difference:
            return Verdict(tone: .bad, word: "Difference found", sentence: differenceSentence, details: details)
        case .objectiveMissed:
            return Verdict(tone: .warning, word: "Objective missed", sentence: restoredSentence, details: details)
        case .inconclusive:
            let sentence =
                "Nothing is known about snapshot \(snapshot.id), \(age) old: the drill could not be carried through."
            return Verdict(tone: .neutral, word: "Inconclusive", sentence: sentence, details: details)
        }
    }

    private var age: String { Figures.duration(milliseconds: record.rpoMilliseconds) }

    /// Age and recovery time, each with its objective.
    private var restoredSentence: String {
        let objectives = record.objectives
        let recovery = record.rtoMilliseconds.map { milliseconds in
            "answered for every key after " + Figures.duration(milliseconds: milliseconds)
                + Self.objective(objectives?.maximumRecoveryMilliseconds)
        }
        return "Snapshot \(snapshot.id), \(age) old" + Self.objective(objectives?.maximumDataAgeMilliseconds) + ", "
            + (recovery ?? "was restored") + "."
    }

    private var differenceSentence: String {
        let count = Figures.counted(record.differenceCount, "difference")
        let recovery = record.rtoMilliseconds.map { ", restored in " + Figures.duration(milliseconds: $0) } ?? ""
        return
            "What came back from snapshot \(snapshot.id), \(age) old\(recovery), is not what its archive holds: \(count)."
    }

    private var sampleSentence: String? {
        guard record.result != .inconclusive, let seed = record.sampleSeed else { return nil }
        return "A sample of \(Figures.counted(record.comparedKeyCount, "key")) was compared (seed \(seed)),"
            + " of \(Figures.count(record.restoredKeyCount)) that were restored"
    }

    private static func objective(_ milliseconds: Int64?) -> String {
        milliseconds.map { " (objective \(Durations.round($0)))" } ?? ""
    }

    // MARK: The figures

    /// nil where there are none.
    private var tiles: Markup? {
        let objectives = record.objectives
        var tiles: [Tile] = []
        if let recovery = record.rtoMilliseconds {
            let limit = objectives?.maximumRecoveryMilliseconds
            tiles.append(Self.tile("Recovery time (RTO)", recovery, limit: limit, absent: "to every key"))
        }
        if let recovery = record.hotRTOMilliseconds {
            tiles.append(Self.tile("80 % of recent accesses", recovery, limit: nil, absent: "served after that"))
        }
        let limit = objectives?.maximumDataAgeMilliseconds
        tiles.append(
            Self.tile("Age of the data (RPO)", record.rpoMilliseconds, limit: limit, absent: "at the drill's start")
        )
        if record.restoredKeyCount > 0 {
            let compared =
                record.sampleSeed == nil ? "all compared" : Figures.count(record.comparedKeyCount) + " compared"
            tiles.append(Tile(name: "Keys restored", value: Figures.count(record.restoredKeyCount), aside: compared))
        }
        if let rate = record.keysPerSecond, rate > 0 {
            let bytes = record.bytesPerSecond.map { Figures.bytes(UInt64(max(0, $0))) + " per second" }
            tiles.append(Tile(name: "Keys per second", value: Figures.count(UInt64(rate)), aside: bytes))
        }
        if let error = record.largestDeadlineErrorMilliseconds {
            let tolerance = objectives?.deadlineToleranceMilliseconds
            let aside = record.p99DeadlineErrorMilliseconds.map { "99 % within \($0) ms" }
            let isMissed = tolerance.map { error > $0 } ?? false
            tiles.append(
                Tile(name: "Largest deadline error", value: "\(error) ms", aside: aside, isMissed: isMissed)
            )
        }
        return tiles.isEmpty ? nil : Tile.row(tiles, label: "Figures of the drill")
    }

    private static func tile(_ name: String, _ milliseconds: Int64, limit: Int64?, absent: String) -> Tile {
        let isMissed = limit.map { milliseconds > $0 } ?? false
        let aside = limit.map { (isMissed ? "missed: " : "") + "objective \(Durations.round($0))" }
        return Tile(
            name: name,
            value: Figures.duration(milliseconds: milliseconds),
            aside: aside ?? absent,
            isMissed: isMissed
        )
    }
}
