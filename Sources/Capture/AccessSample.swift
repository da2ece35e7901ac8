import NIOCore
import RESP
import SnapshotModel
import Transport

/// Asks a source for the last use of some of its keys, before a capture fixes its tiers by them.
///
/// OBJECT and RANDOMKEY are no use of a key themselves.
struct AccessSample: Sendable {
    /// Keys that are asked for: the share of the accesses that falls on a tier is then known to a few percent.
    private static let keyCount: UInt64 = 2000
    /// Commands sent at once; the source serves others in between.
    private static let batchCount = 250

    /// nil where the source keeps no access data, or does not tell it.
    private(set) var bounds: AccessTierBounds?
    /// Why there is none, where there might have been.
    private(set) var warning: String?
    private let takenAt = ContinuousClock.now

    /// Whole seconds since the sample, rounded up: by so much have the idle times grown of keys that nobody used.
    var age: UInt64 { UInt64(max(0, takenAt.duration(to: .now).components.seconds)) + 1 }

    /// What `connection`'s source tells; the connection ends up in another database.
    static func take(_ connection: NodeConnection, _ info: NodeInfo) async throws(TransportError) -> Self {
        guard let basis = AccessTierBounds.Basis(policy: info.maxmemoryPolicy), info.keyCount > 0 else {
            return Self()
        }
        do throws(Refusal) {
            var values: [UInt64] = []
            for (database, counts) in info.keyspace.sorted(by: { $0.key < $1.key }) {
                // Each database in the proportion of its keys, and every database at all.
                let share = Double(counts.keyCount) / Double(info.keyCount)
                let count = min(counts.keyCount, max(1, UInt64(Double(Self.keyCount) * share)))
                values += try await read(connection, basis, database: database, count: Int(count))
            }
            let factor = info.configuration["lfu-log-factor"].flatMap { Int($0) } ?? AccessWeight.standardLogFactor
            return Self(
                bounds: AccessTierBounds(basis: basis, weight: AccessWeight(logFactor: factor), sample: values)
            )
        } catch {
            switch error {
            case .connection(let error): throw error
            case .command(let text):
                return Self(
                    warning: "\(info.address) did not tell the last use of some keys beforehand (\(text)): the "
                        + "snapshot's blocks are not in the order of use, so that a restore cannot load hot keys first"
                )
            }
        }
    }

    private init(bounds: AccessTierBounds? = nil, warning: String? = nil) {
        self.bounds = bounds
        self.warning = warning
    }

    private enum Refusal: Error {
        case connection(TransportError)
        case command(String)
    }

    private static func read(
        _ connection: NodeConnection,
        _ basis: AccessTierBounds.Basis,
        database: UInt32,
        count: Int
    ) async throws(Refusal) -> [UInt64] {
        _ = try await replies(connection, [["SELECT", .number(Int64(database))]])
        let keys = try await keys(connection, count: count)
        let subcommand: RESPArgument = basis == .idle ? "IDLETIME" : "FREQ"
        // A key may be gone since: then the answer is nil.
        return try await replies(connection, keys.map { ["OBJECT", subcommand, .bytes($0)] }).compactMap { reply in
            reply.integer.flatMap { UInt64(exactly: $0) }
        }
    }

    /// Random keys; where RANDOMKEY is forbidden, those that SCAN comes to first: their order is that of a hash.
    private static func keys(_ connection: NodeConnection, count: Int) async throws(Refusal) -> [ByteBuffer] {
        let probe = try await exchange(connection, [["RANDOMKEY"]])
        guard probe.contains(where: { $0.error != nil }) else {
            let commands = Array(repeating: ["RANDOMKEY"] as [RESPArgument], count: count)
            return try await replies(connection, commands).compactMap(\.bytes)
        }
        let scan: [RESPArgument] = ["SCAN", 0, "COUNT", .number(Int64(count))]
        return try await replies(connection, [scan]).first?.elements?.last?.elements?.compactMap(\.bytes) ?? []
    }

    /// The answers, none of which is an error.
    private static func replies(
        _ connection: NodeConnection,
        _ commands: [[RESPArgument]]
    ) async throws(Refusal) -> [RESPValue] {
        let replies = try await exchange(connection, commands)
        if let error = replies.lazy.compactMap(\.error).first { throw .command(error.safeText) }
        return replies
    }

    private static func exchange(
        _ connection: NodeConnection,
        _ commands: [[RESPArgument]]
    ) async throws(Refusal) -> [RESPValue] {
        var replies: [RESPValue] = []
        var rest = commands[...]
        while !rest.isEmpty {
            var encoded = ByteBuffer()
            let batch = rest.prefix(batchCount)
            rest = rest.dropFirst(batch.count)
            for command in batch { encoded.writeCommand(command) }
            do throws(TransportError) {
                replies += try await connection.pipeline(encoded, replyCount: batch.count)
            } catch {
                throw .connection(error)
            }
        }
        return replies
    }
}
