import ArgumentParser

/// A rate as users write it: keys per second, `5000`, or bytes per second, `20MiB/s`.
enum RateArgument: ExpressibleByArgument, Hashable, Sendable {
    case keys(Int)
    case bytes(Int)

    /// Units as in policies; `/s` may be left out.
    private static let units: [(name: String, byteCount: Int)] = [
        ("kB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("KiB", 1 << 10), ("MiB", 1 << 20),
        ("GiB", 1 << 30), ("B", 1),
    ]

    init?(argument: String) {
        let text = argument.hasSuffix("/s") ? argument.dropLast(2) : argument[...]
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count)
        guard let number = Int(digits) else { return nil }
        guard !unit.isEmpty else {
            self = .keys(number)
            return
        }
        guard let factor = Self.units.first(where: { $0.name == unit })?.byteCount else { return nil }
        let (byteCount, overflow) = number.multipliedReportingOverflow(by: factor)
        guard !overflow else { return nil }
        self = .bytes(byteCount)
    }
}
