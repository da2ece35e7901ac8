import Synchronization

/// Keeps the warnings of an operation for its report.
final class NoticeCollector: Sendable {
    private static let keptCount = 100

    private let kept = Mutex<[String]>([])

    var texts: [String] { kept.withLock { $0 } }

    func note(_ notice: OperationNotice) {
        guard notice.severity == .warning else { return }
        kept.withLock { texts in
            if texts.count < Self.keptCount, !texts.contains(notice.text) { texts.append(notice.text) }
        }
    }
}

extension OperationContext {
    /// The same, with its warnings kept as well.
    func collecting(_ collector: NoticeCollector) -> Self {
        var context = self
        context.notify = { [notify] notice in
            collector.note(notice)
            notify(notice)
        }
        return context
    }
}
