import ArgumentParser
import Operations

/// A length of time as users write it: `500ms`, `30s`, `10m`, `2h`, `7d`, and sums like `1h30m`.
struct DurationArgument: ExpressibleByArgument, Hashable, Sendable {
    let duration: Duration

    init(_ duration: Duration) {
        self.duration = duration
    }

    /// nil unless every number has a unit; at most a hundred years.
    init?(argument: String) {
        var rest = Substring(argument)
        var total: Int64 = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let number = Int64(digits), let factor = Self.milliseconds[String(unit)] else { return nil }
            let (product, productOverflow) = number.multipliedReportingOverflow(by: factor)
            let (sum, sumOverflow) = total.addingReportingOverflow(product)
            guard !productOverflow, !sumOverflow, sum <= 3_155_760_000_000 else { return nil }
            total = sum
        }
        duration = .milliseconds(total)
    }

    private static let milliseconds: [String: Int64] = [
        "ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000,
    ]

    /// In the largest unit that needs no fraction.
    var defaultValueDescription: String {
        let value = duration.milliseconds
        let units: [(String, Int64)] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)]
        for (name, factor) in units where value >= factor && value % factor == 0 { return "\(value / factor)\(name)" }
        return value == 0 ? "0s" : "\(value)ms"
    }
}
