import RESP
package import Transport

/// Temporary keys that stand in a target and lead nowhere.
package struct StandingKeys: Hashable, Sendable {
    package struct Place: Hashable, Sendable {
        package var database: UInt32
        package var key: TemporaryKey

        package init(database: UInt32, key: TemporaryKey) {
            self.database = database
            self.key = key
        }
    }

    package var places: [Place] = []

    package init() {}

    /// Removes them, as far as the target answers; what stays dies by itself.
    ///
    /// - Returns: how many are gone
    package func remove(over connection: NodeConnection) async -> Int {
        var count = 0
        for place in places {
            do throws(TransportError) {
                _ = try await connection.command("SELECT", .number(Int64(place.database)))
                _ = try await connection.command("UNLINK", .bytes(place.key.name))
            } catch {
                return count
            }
            count += 1
        }
        return count
    }
}
