import RESP
import Transport

extension TargetSession {
    /// The name of the type of a key's value, as TYPE tells it; nil if nothing is there, or where that is not told.
    package func typeOfKey(_ key: String, in database: UInt32) async -> String? {
        guard let node, (try? await node.command("SELECT", .number(Int64(database)))) != nil else { return nil }
        let type = try? await node.command("TYPE", .text(key)).text
        _ = try? await node.command("SELECT", 0)
        return type == "none" ? nil : type
    }
}
