/// When a key stops to exist: an absolute deadline, or never.
///
/// There is no bare TTL number inside Rewarm: what is left of a life depends on the clock that is asked.
package enum Expiry: Hashable, Sendable {
    /// The key has no expiry.
    case never
    /// The key expires at this instant of the source's clock. It may lie in the past.
    case at(UnixMilliseconds)
}
