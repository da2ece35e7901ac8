import RESP
import SnapshotModel
package import Transport

/// Writes a sentinel to a source, before the capture opens its own connections.
package struct SentinelWriter: Sendable {
    package enum Outcome: Sendable {
        case written(WrittenSentinel)
        /// Why there is none; the snapshot goes on without it.
        case leftOut(String)
    }

    /// The life of a key that a replica hand-over has to find: longer than a source takes to begin with one.
    private static let lifetimeMilliseconds: Int64 = 600_000
    /// What a scan without a limit reads at the least.
    private static let slowKeysPerSecond = 10_000
    private static let longestLifetimeMilliseconds: Int64 = 86_400_000
    /// Names that are tried for one in the node's slots: of a node with a single slot all fail about once in 10^26.
    private static let nameLimit = 1_000_000
    /// A node that evicts begins before it is full to the last byte.
    private static let fullPercent: UInt64 = 90

    private let connection: ConnectionOptions
    /// Whether the keys may be read one by one, which takes time, and at most how many per second.
    private let mayScan: Bool
    private let keysPerSecond: Int?

    package init(_ connection: ConnectionOptions, mayScan: Bool, keysPerSecond: Int?) {
        (self.connection, self.mayScan, self.keysPerSecond) = (connection, mayScan, keysPerSecond)
    }

    /// Throws where the node cannot be reached, as the capture would, and on cancellation; whatever it answers is no
    /// reason for a snapshot to fail.
    package func write() async throws(TransportError) -> Outcome {
        let node = try await NodeConnection.connect(connection)
        let outcome: Outcome
        do throws(TransportError) {
            outcome = try await write(to: node)
        } catch {
            await node.close()
            guard error.code != .cancelled else { throw error }
            return .leftOut("no sentinel was written: \(Self.words(error))")
        }
        await node.close()
        return outcome
    }

    private func write(to node: NodeConnection) async throws(TransportError) -> Outcome {
        let info = try await node.probe()
        // One that takes writes would have a key that its primary has not.
        guard info.role == .primary else { return .leftOut("no sentinel was written: \(info.address) is a replica") }
        let ranges: [[UInt16]]?
        if info.isClusterEnabled {
            ranges = try await node.clusterLayout()?.ownSlotRanges ?? []
        } else {
            ranges = nil
        }
        guard let key = Self.key(in: ranges) else {
            return .leftOut("no sentinel was written: which slots of the cluster \(info.address) has is not known")
        }
        let value = Self.randomText(byteCount: 16)
        let lifetime = lifetimeMilliseconds(keyCount: info.keyCount)
        let before = try await node.time()
        let reply = try await node.command("SET", .text(key), .text(value), "PX", .number(lifetime), "NX")
        guard reply.isOK else {
            return .leftOut("no sentinel was written: \(info.address) did not take it")
        }
        let after = try await node.time()
        let sentinel = SnapshotSentinel(
            database: 0,
            key: key,
            value: value,
            writtenAt: before,
            deadline: after.advanced(byMilliseconds: lifetime),
            finding: .missing
        )
        return .written(WrittenSentinel(sentinel, runID: info.runID, mayBeEvicted: Self.mayEvict(info)))
    }

    /// Long enough to be read last.
    func lifetimeMilliseconds(keyCount: UInt64) -> Int64 {
        guard mayScan else { return Self.lifetimeMilliseconds }
        let seconds = Double(keyCount) / Double(keysPerSecond ?? Self.slowKeysPerSecond)
        let reading = min(seconds * 1000, Double(Self.longestLifetimeMilliseconds))
        return min(Self.lifetimeMilliseconds + 2 * Int64(reading), Self.longestLifetimeMilliseconds)
    }

    /// A name that nobody has, in a slot of the node; nil if there is none.
    static func key(in slotRanges: [[UInt16]]?) -> String? {
        for _ in 0..<nameLimit {
            let key = SnapshotSentinel.keyPrefix + randomText(byteCount: 16)
            guard let slotRanges else { return key }
            guard !slotRanges.isEmpty else { return nil }
            let slot = HashSlot.of(Array(key.utf8))
            if slotRanges.contains(where: { ($0.first ?? .max)...($0.last ?? .max) ~= slot }) { return key }
        }
        return nil
    }

    static func randomText(byteCount: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<byteCount).map { _ in
            let byte = UInt8.random(in: .min ... .max, using: &generator)
            return (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    private static func mayEvict(_ info: NodeInfo) -> Bool {
        guard let limit = info.maxmemory, limit > 0, info.maxmemoryPolicy != "noeviction" else { return false }
        return info.usedMemory.map { $0 >= limit / 100 * fullPercent } ?? true
    }

    private static func words(_ error: TransportError) -> String {
        guard error.code == .permissionDenied else { return error.message }
        return "the user may not; grant it with ACL SETUSER <user> +set ~\(SnapshotSentinel.keyPrefix)*"
    }
}
