import NIOCore
import ObjectStorage
import RESP
package import Transport

/// Reads the names of a live node's keys, and nothing else: much cheaper than their values.
package enum NodeNames {
    /// Names in one answer: the node looks at so many keys in one go.
    private static let stepCount: Int64 = 1000

    /// Appends the keys of these databases; the connection is left in database 0.
    package static func read(
        _ connection: NodeConnection,
        databases: [UInt32],
        options: ComparisonOptions,
        into side: inout ComparisonSide
    ) async throws {
        for database in databases {
            _ = try await connection.command("SELECT", .number(Int64(database)))
            var cursor = ByteBuffer(string: "0")
            repeat {
                let reply = try await connection.command("SCAN", .bytes(cursor), "COUNT", .number(stepCount))
                guard let parts = reply.elements, parts.count == 2, let next = parts[0].bytes else {
                    throw TransportError(
                        .protocolViolation,
                        "\(connection.address) gave SCAN an answer that does not fit"
                    )
                }
                cursor = next
                for name in parts[1].elements ?? [] {
                    guard let key = name.bytes, key.withUnsafeReadableBytes({ options.wants(key: $0) }) else {
                        continue
                    }
                    try side.append(ComparisonEntry(database: database, key: key))
                }
            } while cursor != ByteBuffer(string: "0")
        }
        if !databases.isEmpty { _ = try await connection.command("SELECT", 0) }
    }
}
