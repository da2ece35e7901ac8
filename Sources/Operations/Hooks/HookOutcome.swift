/// How one hook ended.
package struct HookOutcome: Hashable, Sendable {
    package let event: HookEvent
    /// Its place among the hooks of the event, from 1.
    package let number: Int
    /// The program, or the first word of the shell line.
    package let name: String
    package let ending: ChildEnding
    /// The end of what it printed on standard output and standard error, in the order in which it came.
    package let output: String
    /// Bytes before that which were not kept.
    package let omittedOutputByteCount: UInt64
    package let durationMilliseconds: Int64

    package var isSuccess: Bool { ending == .exited(0) }

    /// `hook after-success 2 (curl)`.
    package var title: String { "hook \(event.rawValue) \(number) (\(name))" }

    /// What went wrong; nil if nothing did.
    package var problem: String? {
        switch ending {
        case .exited(0): nil
        case .exited(let code): "\(title) ended with exit code \(code)"
        case .signalled(let signal): "\(title) was ended by signal \(signal)"
        case .timedOut(let limit): "\(title) took longer than \(limit.milliseconds) ms and was ended"
        case .cancelled: "\(title) was ended because the run was cancelled"
        case .notStarted(let reason): "\(title) could not be started: \(reason)"
        }
    }

    /// The output as part of a message; empty if there was none.
    private var outputText: String {
        let omission = omittedOutputByteCount > 0 ? "(\(omittedOutputByteCount) bytes before this are left out)\n" : ""
        let text = omission + output
        return text.isEmpty ? "" : ":\n" + text.trimmingSuffix(while: \.isNewline)
    }

    /// The message for the operator: a warning if it failed, a detail if not.
    package var notice: OperationNotice {
        guard let problem else { return OperationNotice(.detail, "\(title) is done" + outputText) }
        return OperationNotice(.warning, problem + outputText)
    }
}

extension String {
    fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> String {
        var text = self[...]
        while let last = text.last, predicate(last) { text.removeLast() }
        return String(text)
    }
}
