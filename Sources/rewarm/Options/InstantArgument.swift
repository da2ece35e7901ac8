import ArgumentParser
import SnapshotModel

/// An instant as users write it: RFC 3339, or a date (midnight UTC).
struct InstantArgument: ExpressibleByArgument, Hashable, Sendable {
    let instant: UnixMilliseconds

    init?(argument: String) {
        guard let instant = UnixMilliseconds(rfc3339: argument) else { return nil }
        self.instant = instant
    }
}
