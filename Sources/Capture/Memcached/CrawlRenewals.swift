import Memcached
package import NIOCore
package import Transport

/// Gives back what the reading of an invalidated item takes.
///
/// The first client that reads such an item gets the right to renew it, and the server tells all others that somebody
/// does: there is no way to read it that does not. Invalidated again, on the condition that nobody has changed it, it is
/// as before; a server that takes no CAS value with that (before 1.6.27) gives it a new one.
package struct CrawlRenewals: Sendable {
    private let control: MemcachedConnection
    private let knowsCAS: Bool
    private var takesCAS = true

    /// Rights that were given back, and of these items with a new CAS value.
    private(set) var givenBackCount: UInt64 = 0
    private(set) var renumberedCount: UInt64 = 0
    /// Rights that were not, because without CAS nobody can tell whether the item is still the same.
    private(set) var keptCount: UInt64 = 0

    package init(control: MemcachedConnection, knowsCAS: Bool) {
        self.control = control
        self.knowsCAS = knowsCAS
    }

    package mutating func giveBack(_ key: ByteBuffer, cas: UInt64?) async throws(TransportError) {
        guard knowsCAS, let cas, cas > 0 else {
            keptCount += 1
            return
        }
        var answer = try await invalidate(key, cas, keepingCAS: takesCAS)
        if takesCAS, answer.hasPrefix("CLIENT_ERROR") {
            takesCAS = false
            answer = try await invalidate(key, cas, keepingCAS: false)
        }
        // Otherwise somebody has changed or removed it: then there is nothing to give back.
        guard answer.hasPrefix("HD") else { return }
        givenBackCount += 1
        if !takesCAS { renumberedCount += 1 }
    }

    private func invalidate(
        _ key: ByteBuffer,
        _ cas: UInt64,
        keepingCAS: Bool
    ) async throws(TransportError) -> String {
        var command = ByteBuffer()
        let form = KeyForm.naming(key) ?? .base64
        command.writeMetaInvalidate(key, form, ifCAS: cas, newCAS: keepingCAS ? cas : nil)
        return try await control.line(command)
    }

    /// What the operator should know.
    package var warning: String? {
        guard givenBackCount + keptCount > 0 else { return nil }
        var text =
            "\(givenBackCount + keptCount) items were invalidated and not yet renewed; reading one takes the right to "
            + "renew it"
        if givenBackCount > 0 {
            text += ", which was given back"
            if renumberedCount > 0 { text += " (the item has a new CAS value since)" }
        }
        if keptCount > 0 {
            text +=
                "; the server keeps no CAS values, so that \(keptCount) could not be given back: their clients wait "
                + "for a renewal until they expire or are written"
        }
        return text
    }
}
