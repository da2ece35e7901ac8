import Policy

/// How things are written in systemd's unit files.
///
/// Source: systemd.syntax(7), systemd.service(5) "Command lines", systemd.time(7) "Calendar events",
/// systemd.unit(5) "String escaping for inclusion in unit names".
enum SystemdText {
    /// A command line: `%` begins a specifier and `$` a variable unless doubled, but for the program's own path, in
    /// which variables mean nothing.
    static func commandLine(_ words: [String]) -> String {
        let arguments = words.dropFirst().map { path($0.replacing("$", with: "$$")) }
        return (words.prefix(1).map(path) + arguments).joined(separator: " ")
    }

    /// A path, or another word in which variables mean nothing.
    static func path(_ text: String) -> String { quoted(text.replacing("%", with: "%%")) }

    /// Text that runs to the end of its line.
    static func description(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 }).replacing("%", with: "%%")
    }

    private static func quoted(_ text: String) -> String {
        let isPlain = !text.isEmpty && text.utf8.allSatisfy(hasNoMeaning)
        guard !isPlain else { return text }
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    private static func hasNoMeaning(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "_@./:=,+-%$".utf8.contains(byte)
        }
    }

    /// A part of a unit's name: every byte but letters, digits, `:`, `_`, `.` and `-` as `\xNN`.
    static func unitName(_ text: String) -> String {
        var name = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x3A, 0x5F, 0x2E, 0x2D:
                name.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                name += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return name
    }

    /// `OnCalendar=`, in the zone of the machine.
    static func calendar(_ schedule: PolicySchedule) -> String {
        let time = schedule.effectiveTime
        let minute = twoDigits(time.minute)
        let clock = "\(twoDigits(time.hour ?? 0)):\(minute):00"
        switch schedule.every {
        case .minutes(1): return "*-*-* *:*:00"
        case .minutes(let count): return "*-*-* *:00/\(count):00"
        case .hours(1): return "*-*-* *:\(minute):00"
        case .hours(let count): return "*-*-* 00/\(count):\(minute):00"
        case .day: return "*-*-* " + clock
        case .week: return schedule.effectiveWeekday.rawValue.prefix(3).capitalizedFirst + " *-*-* " + clock
        case .month: return "*-*-\(twoDigits(schedule.effectiveDayOfMonth)) " + clock
        }
    }

    private static func twoDigits(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
}

extension Substring {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
