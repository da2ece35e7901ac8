import Operations
import SnapshotModel

/// The words and figures of progress.
enum ProgressText {
    /// `capturing  [======>     ]  52%  1.21 GB of 2.30 GB  84.1 MB/s  13.0 s left`, no wider than the terminal.
    static func bar(
        _ progress: OperationProgress,
        _ reading: ProgressMeter.Reading,
        columnCount: Int
    ) -> String {
        let figures = line(progress, reading)
        guard let fraction = reading.fraction else { return String(figures.prefix(columnCount - 1)) }
        let width = min(30, columnCount - figures.count - 5)
        guard width >= 8 else { return String(figures.prefix(columnCount - 1)) }
        let filled = Int(fraction * Double(width))
        let head = filled < width ? ">" : ""
        let drawn = String(repeating: "=", count: filled) + head
        return "[" + drawn + String(repeating: " ", count: width - drawn.count) + "] " + figures
    }

    /// One line without a line feed.
    static func line(_ progress: OperationProgress, _ reading: ProgressMeter.Reading) -> String {
        var words = [progress.phase.rawValue]
        if let subject = progress.subject { words[0] += " " + Printable.text(subject) }
        if let fraction = reading.fraction { words.append("\(Int(fraction * 100))%") }
        if progress.completedKeyCount > 0 {
            words.append(amount(progress.completedKeyCount, progress.totalKeyCount, Figures.count) + " keys")
        }
        if progress.completedByteCount > 0 {
            words.append(amount(progress.completedByteCount, progress.totalByteCount, Figures.bytes))
        }
        if let rate = reading.bytesPerSecond {
            words.append(Figures.bytes(UInt64(rate)) + "/s")
        } else if let rate = reading.keysPerSecond {
            words.append(Figures.count(UInt64(rate)) + " keys/s")
        }
        if let remaining = reading.remainingMilliseconds {
            words.append(Figures.duration(milliseconds: remaining) + " left")
        }
        return words.joined(separator: "  ")
    }

    static func json(
        _ progress: OperationProgress,
        _ reading: ProgressMeter.Reading,
        _ elapsedMilliseconds: Int64
    ) -> JSONObject {
        var object: JSONObject = ["phase": .string(progress.phase.rawValue)]
        if let subject = progress.subject { object.add("subject", .string(subject)) }
        object.add("elapsedMilliseconds", .integer(elapsedMilliseconds))
        object.add("completedByteCount", .unsigned(progress.completedByteCount))
        if let total = progress.totalByteCount { object.add("totalByteCount", .unsigned(total)) }
        object.add("completedKeyCount", .unsigned(progress.completedKeyCount))
        if let total = progress.totalKeyCount { object.add("totalKeyCount", .unsigned(total)) }
        if let fraction = reading.fraction { object.add("completedFraction", .number(fraction)) }
        if let rate = reading.bytesPerSecond { object.add("bytesPerSecond", .number(rate)) }
        if let rate = reading.keysPerSecond { object.add("keysPerSecond", .number(rate)) }
        if let remaining = reading.remainingMilliseconds { object.add("remainingMilliseconds", .integer(remaining)) }
        return object
    }

    private static func amount(_ completed: UInt64, _ total: UInt64?, _ text: (UInt64) -> String) -> String {
        total.map { text(completed) + " of " + text($0) } ?? text(completed)
    }
}
