import SnapshotModel

// What came back: differences, lives, types and databases, sizes, and what was not looked at.

extension DrillPage {
    private static let kindNames: [DrillDifferenceKind: String] = [
        .missing: "missing in the node", .extra: "only in the node", .type: "another type", .value: "another value",
        .flags: "other client flags", .deadline: "another deadline", .fieldDeadline: "another deadline of a field",
        .group: "another consumer group", .access: "other access data", .function: "another function",
    ]

    private static func name(_ kind: DrillDifferenceKind) -> String { kindNames[kind] ?? kind.rawValue }

    var differences: Section? {
        guard record.differenceCount > 0 || !content.differences.isEmpty else { return nil }
        let unknown = record.differences.keys.filter { !DrillDifferenceKind.known.contains($0) }
            .sorted { $0.rawValue < $1.rawValue }
        var counts = DataTable(caption: "Differences by kind", [.text("Kind"), .number("Count")])
        for kind in DrillDifferenceKind.known + unknown {
            if let count = record.differences[kind], count > 0 { counts.add(Self.name(kind), Figures.count(count)) }
        }
        var table = DataTable(
            caption: "Differences one by one",
            [.text("Key"), .number("Database"), .fixed("Type"), .fixed("Kind"), .long("What differs")]
        )
        let shown = content.differences.prefix(Self.shownDifferenceCount)
        for difference in shown {
            let key =
                difference.key.isEmpty ? Markup.text("-") : .element("code", [:], text: KeyText.text(difference.key))
            table.add([
                key, .text(String(difference.database)), .text(difference.type.isEmpty ? "-" : difference.type),
                .text(Self.name(difference.kind)), .text(difference.detail),
            ])
        }
        let total = max(record.differenceCount, UInt64(content.differences.count))
        if total > UInt64(shown.count) {
            table.end("and \(Figures.count(total - UInt64(shown.count))) more; the JSON report has them")
        }
        return Section(
            id: "differences",
            title: "Differences",
            lead: "Each key of the archive against the node, both decoded by ways that share no code.",
            content: [counts, table].filter { !$0.isEmpty }.map(\.markup)
        )
    }

    // MARK: Lives

    var lives: Section? {
        let captured = snapshot.statistics.lifetimes
        guard captured.counts.contains(where: { $0 > 0 }) || captured.neverCount > 0 else { return nil }
        var parts: [Markup] = [histogram(captured)]
        if !content.deadlineErrors.isEmpty { parts.append(deadlineErrors) }
        return Section(
            id: "lives",
            title: "Lives",
            lead: content.restoredLifetimes == nil
                ? "How much life keys had left when they were captured."
                : "How much life keys had left when they were captured, and how much the node gave them."
                    + " The drill shifts all deadlines by one constant, so that nothing expires in between.",
            content: parts
        )
    }

    private func histogram(_ captured: LifetimeHistogram) -> Markup {
        let restored = content.restoredLifetimes
        let names = LifetimeHistogram.buckets.map(Self.name) + ["never expires"]
        let capturedCounts = captured.counts + [captured.neverCount]
        let restoredCounts = restored.map { $0.counts + [$0.neverCount] }
        let rows = names.indices.map { index in
            let counts = [capturedCounts[index]] + (restoredCounts.map { [$0[index]] } ?? [])
            return BarChart.Row(name: names[index], values: counts.map { (Double($0), Figures.count($0)) })
        }
        let series: [(String, SeriesStyle)] =
            [("captured", .first)] + (restored == nil ? [] : [("restored", .second)])
        let most = zip(capturedCounts, names).max { $0.0 < $1.0 }
        let description =
            "Keys by remaining life. Most of them: " + (most.map { "\($0.1), \(Figures.count($0.0))" } ?? "none") + "."
        return Chart(
            id: "lifetimes",
            title: "Keys by the life they had left, captured" + (restored == nil ? "" : " and restored"),
            description: description,
            BarChart(series: series, rows: rows).plot
        ).markup
    }

    private static func name(_ bucket: LifetimeHistogram.Bucket) -> String {
        switch bucket.upToMilliseconds {
        case 0: "expired"
        case .max: "longer"
        default: "up to " + bucket.name
        }
    }

    private var deadlineErrors: Markup {
        let total = content.deadlineErrors.reduce(0) { $0 + $1.keyCount }
        var table = DataTable(
            caption: "Restored deadlines by how far they are off",
            [.text("Off by at most"), .number("Keys"), .number("Share")]
        )
        for errors in content.deadlineErrors {
            let bound =
                errors.upToMilliseconds == .max
                ? "more" : "\(Figures.count(UInt64(max(0, errors.upToMilliseconds)))) ms"
            let share = total == 0 ? 0 : Double(errors.keyCount) / Double(total) * 100
            table.add(bound, Figures.count(errors.keyCount), Figures.fixed(share, digits: 2) + " %")
        }
        return .element("h3", [:], text: "Errors of the deadlines") + table.markup
    }

    // MARK: Types and databases

    var contents: Section? {
        let statistics = snapshot.statistics
        guard !statistics.databases.isEmpty || !statistics.types.isEmpty else { return nil }
        let hasTypes = !content.restoredTypes.isEmpty
        var types = DataTable(
            caption: "Keys by type",
            [.text("Type"), .number("Keys"), .number("Bytes")] + (hasTypes ? [.number("Restored")] : [])
        )
        for (name, counts) in statistics.types.sorted(by: { ($1.value.keyCount, $0.key) < ($0.value.keyCount, $1.key) })
        {
            let restored = hasTypes ? [Self.count(content.restoredTypes[name], of: counts.keyCount)] : []
            types.add(
                [.text(name), .text(Figures.count(counts.keyCount)), .text(Figures.bytes(counts.bodyByteCount))]
                    + restored
            )
        }
        let hasDatabases = !content.restoredDatabases.isEmpty
        var databases = DataTable(
            caption: "Keys by database",
            [.text("Database"), .number("Keys"), .number("Expiring")] + (hasDatabases ? [.number("Restored")] : [])
        )
        for (number, counts) in statistics.databases.sorted(by: { $0.key < $1.key }) {
            let restored = hasDatabases ? [Self.count(content.restoredDatabases[number], of: counts.keyCount)] : []
            databases.add(
                [
                    .text("db\(number)"), .text(Figures.count(counts.keyCount)),
                    .text(Figures.count(counts.expiringKeyCount)),
                ] + restored
            )
        }
        return Section(
            id: "contents",
            title: "Types and databases",
            lead: nil,
            content: [types, databases].filter { !$0.isEmpty }.map(\.markup)
        )
    }

    /// The restored count; one that is not the archive's stands out.
    private static func count(_ restored: UInt64?, of captured: UInt64) -> Markup {
        let text = Figures.count(restored ?? 0)
        return restored == captured ? .text(text) : .element("strong", ["class": "bad-text"], text: text)
    }

    // MARK: The rest

    var sizes: Section? { SizeCharts(content.sizes, zone: zone).section }

    var notCompared: Section? {
        guard !content.notCompared.isEmpty || !content.warnings.isEmpty else { return nil }
        let list = Markup.element(
            "ul",
            [:],
            (content.notCompared + content.warnings).map { .element("li", [:], text: $0) }
        )
        return Section(
            id: "not-compared",
            title: "What this drill does not prove",
            lead: "Left out of the comparison, or to be known about it.",
            content: [list]
        )
    }

    var particulars: Section? {
        var table = DataTable(caption: "Particulars of the drill", [.text("What"), .text("Value")])
        table.add([.text("Snapshot"), .element("code", [:], text: snapshot.id.text)])
        let instant =
            zone.text(snapshot.instant) + (snapshot.isPointInTime ? ", a point in time" : ", the start of a window")
        table.add("Instant of the data", instant)
        let version = snapshot.source.serverVersion
        let source =
            "\(snapshot.source.name) (\(snapshot.source.engine.rawValue)" + (version.isEmpty ? "" : " \(version)") + ")"
        table.add("Source", source)
        table.add("Captured by", snapshot.method.rawValue)
        let ratio = snapshot.rawByteCount == 0 ? 0 : Double(snapshot.storedByteCount) / Double(snapshot.rawByteCount)
        table.add(
            "Archive",
            "\(Figures.bytes(snapshot.storedByteCount)), \(Figures.fixed(ratio, digits: 2)) of"
                + " \(Figures.bytes(snapshot.rawByteCount)) (\(snapshot.codec))"
        )
        table.add("Restored into", record.engine.rawValue + (record.serverVersion.map { " " + $0 } ?? ": no node ran"))
        table.add("Drill", "\(zone.text(record.startedAt)), \(Figures.duration(milliseconds: duration))")
        if let sentinel = record.sentinel { table.add("Sentinel", Self.words(sentinel)) }
        return Section(id: "particulars", title: "Particulars", lead: nil, content: [table.markup])
    }

    private var duration: Int64 { record.endedAt.milliseconds(since: record.startedAt) }

    private static func words(_ sentinel: DrillRecord.Sentinel) -> String {
        switch sentinel {
        case .archiveAndNode: "found in the archive and in the node: the snapshot is from that source at that time"
        case .archiveOnly: "found in the archive, but not in the node"
        case .nowhere: "not found in the archive: the snapshot may not be from that source at that time"
        }
    }
}
