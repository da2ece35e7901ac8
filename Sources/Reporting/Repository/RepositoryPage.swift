import SnapshotModel

/// A repository as a page that a person reads: whether it can be relied on, what is kept and why, what is missing.
///
/// Pure: the same content gives the same bytes. One file, no scripts, nothing that is fetched.
package struct RepositoryPage {
    let content: Content
    /// Newest first.
    let snapshots: [Snapshot]

    package init(_ content: Content) {
        self.content = content
        snapshots = content.snapshots.sorted { ($0.instant, $0.id) > ($1.instant, $1.id) }
    }

    var zone: ReportZone { content.zone }
    var now: UnixMilliseconds { content.generatedAt }
    var newest: Snapshot? { snapshots.first(where: \.isTrusted) }

    package var html: String {
        let scope = content.policy.map { "Policy \($0) over \(content.repository)" } ?? content.repository
        return Page(
            title: content.policy.map { "Backups of \($0)" } ?? "Backups",
            subtitle: "\(scope), as of \(zone.text(now)). \(zone.sentence)",
            verdict: verdict,
            sections: [tiles] + sections.compactMap { $0?.markup },
            footer: ["Written by rewarm \(content.toolVersion) at \(now)."]
        ).html
    }

    private var sections: [Section?] {
        [findings, calendar, retention, gaps, sizes, drills, failures, list]
    }

    // MARK: The verdict

    var verdict: Verdict {
        let details = content.findings.first.map { [$0.message] } ?? []
        switch content.status {
        case .good: return Verdict(tone: .good, word: "In order", sentence: newestSentence)
        case .warning: return Verdict(tone: .warning, word: "Attention", sentence: newestSentence, details: details)
        case .critical: return Verdict(tone: .bad, word: "Action needed", sentence: newestSentence, details: details)
        case .unchecked:
            let sentence = newestSentence + " Without a policy nothing is asked of it."
            return Verdict(tone: .neutral, word: "Not judged", sentence: sentence)
        }
    }

    private var newestSentence: String {
        guard let newest else { return "There is no good snapshot." }
        return "The newest good snapshot, \(newest.id) of \(newest.sourceName), is \(age(newest.instant)) old and has"
            + " \(Figures.counted(newest.keyCount, "key"))."
    }

    func age(_ instant: UnixMilliseconds) -> String {
        Figures.duration(milliseconds: max(0, now.milliseconds(since: instant)))
    }

    // MARK: The figures

    private var tiles: Markup {
        let stored = snapshots.reduce(0) { $0 + $1.storedByteCount }
        let verified = snapshots.compactMap(\.verifiedAt).max()
        let passed = content.drills.filter(\.record.isPassed).max { $0.at < $1.at }
        return Tile.row(
            [
                Tile(
                    name: "Snapshots",
                    value: Figures.count(UInt64(snapshots.count)),
                    aside: "\(snapshots.count(where: \.isTrusted)) of them good"
                ),
                Tile(
                    name: "Stored",
                    value: Figures.bytes(stored),
                    aside: content.freeByteCount.map { Figures.bytes($0) + " free" }
                ),
                Tile(
                    name: "Last verified",
                    value: verified.map { age($0) + " ago" } ?? "never",
                    aside: verified.map { zone.text($0) }
                ),
                Tile(
                    name: "Last passed drill",
                    value: passed.map { age($0.at) + " ago" } ?? "never",
                    aside: passed.flatMap(asideOfDrill)
                ),
            ],
            label: "Figures of the repository"
        )
    }

    /// A drill of a snapshot that is gone proves nothing about those that are there.
    private func asideOfDrill(_ drill: DrillPage.TrendPoint) -> String? {
        if isGone(drill.snapshot) { return "its snapshot is gone" }
        return drill.record.rtoMilliseconds.map { "recovered in " + Figures.duration(milliseconds: $0) }
    }

    private func remark(on drill: DrillPage.TrendPoint) -> String {
        let remarks = [drill.record.reason, isGone(drill.snapshot) ? "the snapshot is gone" : nil].compactMap(\.self)
        return remarks.isEmpty ? "-" : remarks.joined(separator: "; ")
    }

    private func isGone(_ id: SnapshotID) -> Bool { !snapshots.contains { $0.id == id } }

    private var findings: Section? {
        guard !content.findings.isEmpty || !content.brakes.isEmpty else { return nil }
        let items = content.findings.map { finding in
            let style = finding.isCritical ? "badge bad-text" : "badge warning-text"
            let badge = Markup.element("span", ["class": style], text: finding.isCritical ? "critical" : "warning")
            return Markup.element("li", [:], badge, .text(" " + finding.message))
        }
        let brakes = content.brakes.map { brake in
            let badge = Markup.element("span", ["class": "badge warning-text"], text: "brake")
            return Markup.element("li", [:], badge, .text(" " + brake))
        }
        return Section(
            id: "findings",
            title: "What to look at",
            lead: nil,
            content: [.element("ul", [:], items + brakes)]
        )
    }

    // MARK: Sizes and drills

    /// Of one source: sizes of several say nothing together.
    private var sizes: Section? {
        guard Set(snapshots.map(\.sourceName)).count == 1 else { return nil }
        let points = snapshots.map { snapshot in
            DrillPage.SizePoint(
                id: snapshot.id,
                instant: snapshot.instant,
                storedByteCount: snapshot.storedByteCount,
                rawByteCount: snapshot.rawByteCount,
                keyCount: snapshot.keyCount
            )
        }
        return SizeCharts(points, zone: zone).section
    }

    private var drills: Section? {
        guard !content.drills.isEmpty else { return nil }
        let drills = content.drills.sorted { $0.at > $1.at }
        var table = DataTable(
            caption: "Drills, the newest first",
            [.fixed("When"), .fixed("Result"), .number("RTO"), .number("RPO"), .fixed("Snapshot"), .long("Reason")]
        )
        let shownCount = 30
        for drill in drills.prefix(shownCount) {
            let style: String =
                switch drill.record.result {
                case .pass: "good-text"
                case .difference: "bad-text"
                case .objectiveMissed: "warning-text"
                case .inconclusive: "neutral-text"
                }
            table.add([
                .text(zone.text(drill.at)),
                .element("span", ["class": "badge " + style], text: drill.record.result.words),
                .text(drill.record.rtoMilliseconds.map { Figures.duration(milliseconds: $0) } ?? "-"),
                .text(Figures.duration(milliseconds: drill.record.rpoMilliseconds)),
                .element("code", [:], text: drill.snapshot.text), .text(remark(on: drill)),
            ])
        }
        if drills.count > shownCount { table.end("and \(drills.count - shownCount) earlier ones") }
        let charts = TrendCharts(drills, objectives: content.objectives, zone: zone)
        return Section(id: "drills", title: "Drills", lead: charts.lead, content: charts.charts + [table.markup])
    }

    private var failures: Section? {
        guard !content.failedRuns.isEmpty else { return nil }
        var table = DataTable(
            caption: "Attempts that left no snapshot, the newest first",
            [.fixed("When"), .text("Source"), .fixed("Kind"), .long("Reason")]
        )
        let shownCount = 50
        for run in content.failedRuns.sorted(by: { $0.at > $1.at }).prefix(shownCount) {
            table.add(zone.text(run.at), run.sourceName ?? "-", run.kind, run.reason)
        }
        let more = content.failedRuns.count - shownCount
        if more > 0 { table.end("and \(more) earlier ones; 'rewarm list --failed' has them") }
        return Section(id: "failures", title: "Failed runs", lead: nil, content: [table.markup])
    }
}
