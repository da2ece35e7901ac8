import NIOCore
import RESP

/// What a replica says to its primary up to and after PSYNC, as a value: commands in, what is to be done out.
///
/// Credentials are accepted unseen: what may connect is decided by its address and by the replication id that it
/// presents.
/// Source: redis src/replication.c, syncWithMaster; replconfCommand.
struct ReplicaConversation {
    /// What a command asks for.
    enum Step: Equatable {
        case reply(String)
        case acknowledged(UInt64)
        /// PSYNC with the replication id of the replica's own history; "?" if it has none.
        case synchronise(replicationID: String)
        case nothing
    }

    /// The replica can tell the end of a stream by a marker.
    private(set) var knowsMarker = false

    mutating func take(_ command: [String]) -> Step {
        switch (command.first ?? "").uppercased() {
        case "PING": return .reply("+PONG")
        case "AUTH": return .reply("+OK")
        case "REPLCONF": return configure(command.dropFirst())
        case "PSYNC": return .synchronise(replicationID: command.count > 1 ? command[1] : "?")
        case "": return .nothing
        case let name: return .reply("-ERR rewarm answers replicas only, and not \(name.prefix(20).filter(\.isLetter))")
        }
    }

    /// `REPLCONF option value …`; an acknowledgement is not answered, an unknown option is accepted and ignored.
    private mutating func configure(_ words: ArraySlice<String>) -> Step {
        let pairs = words.indices.dropLast().filter { ($0 - words.startIndex).isMultiple(of: 2) }
        for index in pairs {
            switch (words[index].lowercased(), words[index + 1]) {
            case ("capa", "eof"): knowsMarker = true
            case ("ack", let offset): return .acknowledged(UInt64(offset) ?? 0)
            default: break
            }
        }
        return .reply("+OK")
    }
}
