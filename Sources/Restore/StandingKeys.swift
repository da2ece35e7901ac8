import RESP
import Transport

/// Temporary keys that stand in a target and lead nowhere.
struct StandingKeys: Hashable, Sendable {
    struct Place: Hashable, Sendable {
        var database: UInt32
        var key: TemporaryKey
    }

    var places: [Place] = []

    /// Removes them, as far as the target answers; what stays dies by itself.
    ///
    /// - Returns: how many are gone
    func remove(over connection: NodeConnection) async -> Int {
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
