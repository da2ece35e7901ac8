import NIOCore

extension TimeAmount {
    /// The duration in whole nanoseconds; saturates.
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, secondOverflow) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        self = .nanoseconds(overflow || secondOverflow ? .max : sum)
    }

    /// `1.5 s`, for messages.
    var text: String {
        let milliseconds = nanoseconds / 1_000_000
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
    }
}
