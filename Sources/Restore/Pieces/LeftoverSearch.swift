import NIOCore
import RESP
package import Transport

/// Finds the temporary keys that restores have left behind whose makers are gone.
///
/// It removes nothing.
/// A key is taken for one of them if its name has exactly the form of ``TemporaryKey``, it has a deadline within the life
/// of a temporary key, and no connection carries the name of the restore that its token tells. Where CLIENT LIST is
/// forbidden, half of that life must have passed instead. To take one away whose maker does live would cost that restore
/// the value, never give it half of one: it checks before a value takes its name.
package enum LeftoverSearch {
    /// Keys that one SCAN looks at.
    private static let stepCount: Int64 = 1000
    /// A target with more keys is not empty but for leftovers: a restore leaves one behind.
    private static let refusedKeyCount: UInt64 = 10_000
    /// A target with more keys is not searched: it would keep its one thread busy for longer than the keys, which die by
    /// themselves, are worth.
    private static let searchedKeyCount: UInt64 = 20_000_000

    /// `facts` are of the target behind `connection`, which is left in database 0.
    ///
    /// Finds nothing where SCAN is forbidden.
    package static func find(
        _ connection: NodeConnection,
        _ facts: TargetFacts,
        _ options: RestoreOptions
    ) async throws(TransportError) -> StandingKeys {
        let limit = options.refusesKeys ? refusedKeyCount : searchedKeyCount
        guard !options.flushTarget, !facts.isLoading, facts.keyCount <= limit else { return StandingKeys() }
        // Temporary keys have deadlines.
        let databases = facts.keyspace.filter { $0.value.expiringKeyCount > 0 }.keys.sorted()
        var found = StandingKeys()
        for database in databases where try await connection.reply(to: ["SELECT", .number(Int64(database))]).isOK {
            for key in try await candidates(connection) {
                found.places.append(StandingKeys.Place(database: database, key: key))
            }
        }
        if !databases.isEmpty { _ = try await connection.reply(to: ["SELECT", 0]) }
        return found
    }

    /// The leftovers in the selected database.
    private static func candidates(_ connection: NodeConnection) async throws(TransportError) -> [TemporaryKey] {
        var named: Set<TemporaryKey> = []
        var cursor = ByteBuffer(string: "0")
        repeat {
            let reply = try await connection.reply(
                to: ["SCAN", .bytes(cursor), "MATCH", .text(TemporaryKey.scanPattern), "COUNT", .number(stepCount)]
            )
            guard let parts = reply.elements, parts.count == 2, let next = parts[0].bytes else { return [] }
            cursor = next
            for name in parts[1].elements ?? [] {
                if let key = name.bytes.flatMap({ TemporaryKey(name: $0) }) { named.insert(key) }
            }
        } while cursor != ByteBuffer(string: "0")
        guard !named.isEmpty else { return [] }
        // After the search: a restore names its connection before it makes a key.
        let living = try await livingClients(connection)
        var leftovers: [TemporaryKey] = []
        for key in named {
            let left = try await connection.reply(to: ["PTTL", .bytes(key.name)]).integer ?? -2
            guard (0...TemporaryKey.lifeMilliseconds).contains(left) else { continue }
            let isLeft = living.map { !$0.contains(key.token.clientName) } ?? (left < TemporaryKey.lifeMilliseconds / 2)
            if isLeft { leftovers.append(key) }
        }
        return leftovers
    }

    /// The names that connections of the target have; nil where it does not tell.
    private static func livingClients(_ connection: NodeConnection) async throws(TransportError) -> Set<String>? {
        guard let text = try await connection.reply(to: ["CLIENT", "LIST"]).text else { return nil }
        let names = text.split(whereSeparator: { $0 == " " || $0.isNewline }).filter { $0.hasPrefix("name=") }
        return Set(names.map { String($0.dropFirst("name=".count)) })
    }
}
