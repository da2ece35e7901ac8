import Policy

/// The line of a crontab that takes the snapshots of a policy.
///
/// Source of the format: crontab(5) of Vixie cron, which all others follow in this.
package struct CrontabEntry: Sendable {
    private let run: ScheduledRun

    package init(_ run: ScheduledRun) {
        self.run = run
    }

    package var file: SchedulerFile {
        SchedulerFile(name: "rewarm-" + SystemdText.unitName(run.policy.name) + ".cron", text: text)
    }

    /// Remarks and the line, each with its line feed.
    var text: String {
        """
        # Rewarm: snapshots by the policy \(remark(run.policy.name)). For the crontab of \(run.userName): crontab -e
        # Times are those of this machine's zone; cron makes nothing up for a machine that was off.
        # cron mails what a run prints, and it prints nothing when all is well. To whom, says a line above this one:
        # MAILTO=operator@example.com
        \(line)

        """
    }

    /// Five fields and the command.
    var line: String { Self.fields(run.schedule) + " " + command }

    static func fields(_ schedule: PolicySchedule) -> String {
        let time = schedule.effectiveTime
        let hour = time.hour ?? 0
        return switch schedule.every {
        case .minutes(let count): "*/\(count) * * * *"
        case .hours(1): "\(time.minute) * * * *"
        case .hours(let count): "\(time.minute) */\(count) * * *"
        case .day: "\(time.minute) \(hour) * * *"
        case .week: "\(time.minute) \(hour) * * \(schedule.effectiveWeekday.cronNumber)"
        case .month: "\(time.minute) \(hour) \(schedule.effectiveDayOfMonth) * *"
        }
    }

    /// The first unescaped `%` would end the command, also within quotation marks.
    private var command: String {
        let words = run.words.map(Self.shellWord).joined(separator: " ")
        return (delay + words).replacing("%", with: "\\%")
    }

    /// cron has no randomised delay, and its shell no $RANDOM.
    private var delay: String {
        let seconds = run.schedule.effectiveRandomizedDelay.milliseconds / 1000
        guard seconds > 0 else { return "" }
        return "sleep $(($(od -An -N4 -tu4 /dev/urandom) % \(seconds))); "
    }

    private func remark(_ text: String) -> String { String(text.map { $0.isNewline ? " " : $0 }) }

    private static func shellWord(_ text: String) -> String {
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "_@./:=,+-".utf8.contains(byte)
                }
            }
        return isPlain ? text : "'" + text.replacing("'", with: "'\\''") + "'"
    }
}

extension ScheduleDay.Weekday {
    /// From 0, Sunday.
    fileprivate var cronNumber: Int {
        switch self {
        case .sunday: 0
        case .monday: 1
        case .tuesday: 2
        case .wednesday: 3
        case .thursday: 4
        case .friday: 5
        case .saturday: 6
        }
    }
}
