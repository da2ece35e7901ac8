import SnapshotModel

/// The histogram of remaining lives as small bars.
enum LifetimeBars {
    private static let widestBar = 30

    static func lines(_ histogram: LifetimeHistogram) -> [String] {
        var rows: [(name: String, count: UInt64)] = zip(LifetimeHistogram.buckets, histogram.counts).map {
            bucket,
            count in
            (name(bucket), count)
        }
        rows.append(("never", histogram.neverCount))
        guard let largest = rows.map(\.count).max(), largest > 0 else { return [] }
        let widestName = rows.map(\.name.count).max() ?? 0
        let widestCount = rows.map { Figures.count($0.count).count }.max() ?? 0
        return rows.map { name, count in
            let figure = Figures.count(count)
            let padding = String(repeating: " ", count: widestName - name.count)
            let figurePadding = String(repeating: " ", count: widestCount - figure.count)
            let bar = bar(count, largest: largest)
            return name + padding + "  " + figurePadding + figure + (bar.isEmpty ? "" : "  " + bar)
        }
    }

    private static func name(_ bucket: LifetimeHistogram.Bucket) -> String {
        switch bucket.upToMilliseconds {
        case 0: "expired"
        case .max: "longer"
        default: "up to " + bucket.name
        }
    }

    /// Any key at all gives at least one mark.
    private static func bar(_ count: UInt64, largest: UInt64) -> String {
        guard count > 0 else { return "" }
        let width = Int((Double(count) / Double(largest) * Double(widestBar)).rounded())
        return String(repeating: "#", count: max(1, width))
    }
}
