import SnapshotModel

/// The honest label in sentences.
enum ConsistencyText {
    static func sentences(_ manifest: Manifest) -> [String] {
        let label = manifest.consistency
        var sentences: [String] = []
        if label.isPointInTime {
            sentences.append("A point in time: the data as it was at \(manifest.instant).")
        } else {
            sentences.append(
                "A fuzzy window: each key as it was at some time from \(label.from) to \(label.to) (\(length(manifest)))."
            )
        }
        if let id = label.replicationID {
            let offset = label.replicationOffset.map { ", offset \($0)" } ?? ""
            sentences.append("Position in the replication stream: \(id)\(offset).")
        }
        for shard in manifest.shards where shard.clusterShardCount != nil {
            sentences.append(sentence(shard, isWhole: manifest.coversWholeSource))
        }
        if manifest.method == .crawl {
            sentences.append(
                "Deadlines are whole seconds by the server's clock; one that was changed while the source was read is known "
                    + "to a second more or less."
            )
        }
        if let listed = label.listedKeyCount {
            let start = label.countedKeyCount.map { count in
                "The server counted \(keys(count)) at the start, ended ones that it still holds among them; its"
            }
            sentences.append("\(start ?? "The server's") walk listed \(Figures.count(listed)).")
        }
        if let unreadable = label.unreadableKeyCount, unreadable > 0 {
            sentences.append("\(keys(unreadable)) could not be read and are missing from it.")
        }
        if label.vanishedKeyCount > 0 {
            sentences.append(
                "\(keys(label.vanishedKeyCount)) vanished while the source was read; none of them is in it."
            )
        }
        if label.duplicateKeyCount > 0 {
            sentences.append("\(keys(label.duplicateKeyCount)) came more than once; the latest reading counts.")
        }
        if label.rereadKeyCount > 0 {
            sentences.append(
                "\(keys(label.rereadKeyCount)) had to be read again, since value and deadline did not match."
            )
        }
        if label.disturbedAccessData {
            sentences.append("Reading disturbed the source's idle times or frequencies.")
        }
        if let clocks = manifest.clocks {
            sentences.append(sentence(clocks))
        }
        return sentences
    }

    /// Memcached's clock ticks once a second, and so does its window.
    private static func length(_ manifest: Manifest) -> String {
        let milliseconds = manifest.consistency.to.milliseconds(since: manifest.consistency.from)
        guard manifest.method == .crawl else { return Figures.duration(milliseconds: milliseconds) }
        return milliseconds == 0
            ? "within one second of the server's clock"
            : Figures.duration(milliseconds: milliseconds) + ", give or take a second"
    }

    /// What only the label of a walk over a Memcached server has.
    static func crawlCounts(_ label: Consistency) -> JSONObject {
        var object: JSONObject = [:]
        if let count = label.countedKeyCount { object.add("countedKeyCount", .unsigned(count)) }
        if let count = label.listedKeyCount { object.add("listedKeyCount", .unsigned(count)) }
        if let count = label.unreadableKeyCount { object.add("unreadableKeyCount", .unsigned(count)) }
        return object
    }

    private static func sentence(_ shard: ShardDescriptor, isWhole: Bool) -> String {
        guard !isWhole else { return "A whole cluster of one shard: slots \(shard.slotText)." }
        let count = Figures.counted(UInt64(shard.clusterShardCount ?? 0), "shard")
        return "No snapshot of a cluster: slots \(shard.slotText) alone, of a cluster of \(count)."
    }

    private static func sentence(_ clocks: ClockComparison) -> String {
        let difference = clocks.differenceMilliseconds
        let uncertainty = clocks.uncertaintyMilliseconds
        guard difference.magnitude > uncertainty.magnitude else {
            return "The source's clock agreed with this host's within \(uncertainty) ms."
        }
        let direction = difference < 0 ? "behind" : "ahead of"
        return
            "The source's clock was \(difference.magnitude) ms \(direction) this host's (known to \(uncertainty) ms)."
    }

    private static func keys(_ count: UInt64) -> String { Figures.counted(count, "key") }
}
