import Capture
import Memcached
package import NIOCore
package import RDB
package import SnapshotModel
package import Transport

/// Reads items of a live node by `mg`, which with its flag `u` leaves their places in the LRU as they are.
///
/// What the reading of an invalidated item takes is given back, as in a capture.
///
/// A way that shares no code with the archive's decoders. Values are digested as they come, so memory follows neither
/// their number nor their size. Nothing else uses the connection meanwhile.
package struct ItemReader: Sendable {
    /// Items of a pipeline.
    package static let batchCount = 512
    /// How often a pipeline is sent while the server's clock ticks in between.
    private static let attemptLimit = 3

    private let connection: MemcachedConnection
    package let scope: ValueFingerprinter.Scope
    private var renewals: CrawlRenewals

    package init(_ connection: MemcachedConnection, scope: ValueFingerprinter.Scope) {
        (self.connection, self.scope) = (connection, scope)
        renewals = CrawlRenewals(control: connection, knowsCAS: true)
    }

    /// What the operator should know of the reading.
    package var warning: String? { renewals.warning }

    /// Reads items; the readings come in the order of the keys.
    ///
    /// A key that no command can name is missing: what a client of the text protocol gets.
    package mutating func read(_ keys: [ByteBuffer]) async throws -> [NodeKeyReading] {
        var readings: [NodeKeyReading] = []
        readings.reserveCapacity(keys.count)
        var rest = keys[...]
        while !rest.isEmpty {
            let batch = rest.prefix(Self.batchCount)
            readings += try await read(batch)
            rest = rest.dropFirst(batch.count)
        }
        return readings
    }

    /// The value as one element, for a second look; nil if it is not there.
    package mutating func elements(of key: ByteBuffer) async throws -> [RDBElement]? {
        guard let form = KeyForm.naming(key) else { return nil }
        var commands = ByteBuffer()
        commands.writeMetaGet(key, form, flags: "v c u")
        connection.send(commands)
        var replies = ItemReplies(connection)
        var pieces: [RDBElement] = []
        guard let flags = try await replies.next({ pieces.append(.stringPart($0)) }) else { return nil }
        if flags.marks.contains(.won) { try await renewals.giveBack(key, cas: flags.cas) }
        return pieces
    }

    /// The node's clock.
    package func time() async throws -> UnixMilliseconds {
        guard let seconds = try await connection.stats().time else {
            throw TransportError(.protocolViolation, "\(connection.address) does not tell its time in stats")
        }
        return UnixMilliseconds(seconds * 1000)
    }

    /// Reads a batch until the server's clock stands still meanwhile: it tells how many seconds are left, and its clock
    /// before and after what that means.
    private mutating func read(_ keys: ArraySlice<ByteBuffer>) async throws -> [NodeKeyReading] {
        var commands = ByteBuffer()
        let forms = keys.map { KeyForm.naming($0) }
        for (key, form) in zip(keys, forms) {
            if let form { commands.writeMetaGet(key, form, flags: "v f t c u") }
        }
        var attempt = 1
        while true {
            let before = try await time()
            connection.send(commands)
            var replies = ItemReplies(connection)
            var found: [Found] = []
            for form in forms { found.append(form == nil ? .missing : try await next(&replies)) }
            let after = try await time()
            for (key, item) in zip(keys, found) where item.hasWon {
                try await renewals.giveBack(key, cas: item.reading.item?.cas)
            }
            if before == after || attempt == Self.attemptLimit {
                return found.map { Self.reading($0.reading, life: $0.life, from: before, to: max(before, after)) }
            }
            attempt += 1
        }
    }

    private struct Found {
        var reading = NodeKeyReading()
        /// Milliseconds that are left.
        var life: Int64?
        /// Whether the reading took the right to renew the item.
        var hasWon = false

        static var missing: Self {
            var found = Self()
            found.reading.state = .missing
            return found
        }
    }

    private func next(_ replies: inout ItemReplies) async throws -> Found {
        var value = ValueFingerprinter(.string, scope: scope)
        guard let flags = try await replies.next({ value.append(piece: $0) }) else { return .missing }
        var found = Found()
        found.reading.value = value.finish()
        found.reading.item = ItemTraits(clientFlags: flags.clientFlags ?? 0, cas: flags.cas)
        found.life = flags.remainingSeconds.flatMap { $0 < 0 ? nil : $0 * 1000 }
        found.hasWon = flags.marks.contains(.won)
        return found
    }

    private static func reading(
        _ reading: NodeKeyReading,
        life: Int64?,
        from earliest: UnixMilliseconds,
        to latest: UnixMilliseconds
    ) -> NodeKeyReading {
        var reading = reading
        reading.deadline = life.map { earliest.advanced(byMilliseconds: $0)...latest.advanced(byMilliseconds: $0) }
        return reading
    }
}
