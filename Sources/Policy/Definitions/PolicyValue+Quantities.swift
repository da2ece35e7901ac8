import Retention

extension PolicyValue where Value: FixedWidthInteger {
    /// A number in decimal digits, without quotes, sign, leading zeros and separators.
    static func whole(_ range: ClosedRange<Value>) -> Self {
        let schema = JSONSchema.integer(Int64(clamping: range.lowerBound), Int64(clamping: range.upperBound))
        return scalar("number", schema, text: { String($0) }) { scalar, _ throws(PolicyFault) in
            try PolicyNumber.whole(scalar, in: range)
        }
    }

    /// A share of a hundred: `50%`.
    static func percent(_ range: ClosedRange<Value>) -> Self {
        scalar("percentage", .pattern("^(0|[1-9][0-9]*)%$"), text: { "\($0)%" }) { scalar, _ throws(PolicyFault) in
            guard scalar.text.hasSuffix("%") else {
                let isNumber = !scalar.text.isEmpty && scalar.text.allSatisfy(\.isNumber)
                throw PolicyFault("is not a percentage", hint: isNumber ? "write \(scalar.text)%" : nil)
            }
            let digits = PolicyNode.Scalar(text: String(scalar.text.dropLast()), isPlain: true)
            return try PolicyNumber.whole(digits, in: range, unit: "%")
        }
    }
}

extension PolicyValue<CivilDuration> {
    /// A window or an age; days, weeks, months and years are those of the calendar.
    static let civil = scalar("duration", .pattern("^([0-9]+(y|mo|w|d|h|min))+$"), text: \.description) {
        scalar,
        _ throws(PolicyFault) in
        try PolicyNumber.duration(scalar, .civil)
    }
}

extension PolicyValue<Duration> {
    /// A time-out or a tolerance: no months and years, a day is 24 hours.
    static func precise(_ range: ClosedRange<Duration>) -> Self {
        let text: @Sendable (Duration) -> String = PolicyNumber.text
        return scalar("short duration", .pattern("^([0-9]+(w|d|h|min|s|ms))+$"), text: text) {
            scalar,
            _ throws(PolicyFault) in
            guard let milliseconds = try PolicyNumber.duration(scalar, .precise).fixedMilliseconds else {
                throw PolicyFault("has months or years, whose length varies", hint: "write days: 30d")
            }
            let duration = Duration.milliseconds(milliseconds)
            guard range.contains(duration) else {
                let bounds = "from \(text(range.lowerBound)) to \(text(range.upperBound))"
                throw PolicyFault("is out of range", hint: "it may be \(bounds)")
            }
            return duration
        }
    }
}

extension PolicyValue<UInt64> {
    private static var units: [(name: String, byteCount: UInt64)] {
        [
            ("kB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
            ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40), ("B", 1),
        ]
    }

    /// Bytes: `10MiB`, `1GB`, or a plain number.
    static var size: Self {
        let schema = JSONSchema.any(of: [.integer(0, .max), .pattern("^(0|[1-9][0-9]*)(B|[kMGT]B|[KMGT]iB)$")])
        return scalar("size", schema, text: sizeText) { scalar, _ throws(PolicyFault) in
            let digits = scalar.text.prefix { $0.isASCII && $0.isNumber }
            let unit = scalar.text.dropFirst(digits.count)
            if unit.isEmpty { return try PolicyNumber.whole(scalar, in: 0...UInt64(Int64.max)) }
            guard let factor = units.first(where: { $0.name == unit })?.byteCount, !digits.isEmpty else {
                let near = units.filter { $0.name.lowercased().hasPrefix(unit.lowercased()) }.map { digits + $0.name }
                let isNear = !digits.isEmpty && !near.isEmpty
                throw PolicyFault(
                    "is not a size",
                    hint: isNear ? "write " + near.joined(separator: " or ") : "sizes look like 10MiB, 1GB, or 4096"
                )
            }
            let number = try PolicyNumber.whole(.init(text: String(digits), isPlain: true), in: 0...UInt64(Int64.max))
            let (byteCount, overflow) = number.multipliedReportingOverflow(by: factor)
            guard !overflow, byteCount <= UInt64(Int64.max) else { throw PolicyFault("is too large") }
            return byteCount
        }
    }

    /// In the largest unit that needs no fraction, binary ones first.
    private static func sizeText(_ byteCount: UInt64) -> String {
        let larger = units.filter { $0.byteCount > 1 }.sorted { $0.byteCount > $1.byteCount }
        let binary = larger.filter { $0.name.contains("i") }
        for (name, factor) in binary + larger where byteCount >= factor && byteCount.isMultiple(of: factor) {
            return "\(byteCount / factor)\(name)"
        }
        return String(byteCount)
    }
}

/// Numbers and durations as people write them.
enum PolicyNumber {
    static func whole<Value: FixedWidthInteger>(
        _ scalar: PolicyNode.Scalar,
        in range: ClosedRange<Value>,
        unit: String = ""
    ) throws(PolicyFault) -> Value {
        let text = scalar.text
        let isDigits = !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        guard scalar.isPlain else {
            throw PolicyFault("is text in quotes, not a number", hint: isDigits ? "write \(text) without quotes" : nil)
        }
        guard isDigits else {
            let bare = text.filter { $0 != "_" && $0 != "," && $0 != "'" && $0 != "+" }
            let isSeparated = !bare.isEmpty && bare.utf8.allSatisfy { (0x30...0x39).contains($0) }
            throw PolicyFault("is not a number in plain digits", hint: isSeparated ? "write \(bare)\(unit)" : nil)
        }
        guard text == "0" || !text.hasPrefix("0") else {
            let bare = text.drop { $0 == "0" }
            throw PolicyFault(
                "begins with a zero, which some read as octal",
                hint: "write " + (bare.isEmpty ? "0" : bare) + unit
            )
        }
        let isOpen = range.upperBound >= Value(clamping: Int64.max)
        guard let number = Value(text), range.contains(number) else {
            if isOpen, Value(text).map({ $0 > range.upperBound }) ?? true { throw PolicyFault("is too large") }
            let bounds =
                isOpen ? "at least \(range.lowerBound)" : "from \(range.lowerBound)\(unit) to \(range.upperBound)"
            throw PolicyFault("is out of range", hint: "it may be \(bounds)\(unit)")
        }
        return number
    }

    static func duration(
        _ scalar: PolicyNode.Scalar,
        _ units: CivilDuration.Units
    ) throws(PolicyFault) -> CivilDuration {
        if !scalar.text.isEmpty, scalar.text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            let units = units == .civil ? ["d", "h"] : ["s", "min"]
            throw PolicyFault("has no unit", hint: "write " + units.map { scalar.text + $0 }.joined(separator: " or "))
        }
        do throws(CivilDuration.ParseProblem) {
            return try CivilDuration(parsing: scalar.text, units: units)
        } catch {
            throw PolicyFault(error.problem, hint: error.hint)
        }
    }

    /// In the largest unit that needs no fraction.
    static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        let units: [(String, Int64)] = [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000)]
        for (name, factor) in units where milliseconds >= factor && milliseconds.isMultiple(of: factor) {
            return "\(milliseconds / factor)\(name)"
        }
        return milliseconds == 0 ? "0s" : "\(milliseconds)ms"
    }
}
