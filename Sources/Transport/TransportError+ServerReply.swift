package import RESP

extension TransportError {
    /// The error that an error reply means.
    ///
    /// - Parameters:
    ///   - reply: the error reply
    ///   - command: the name of the command that it answers, without arguments; nil if it answers none
    ///   - address: the node's address
    package init(_ reply: RESPErrorReply, command: String?, address: String) {
        let text = reply.safeText
        let occasion = command.map { "\(address) answered \($0)" } ?? "\(address) said"
        let code = Self.code(of: reply)
        var permission: String?
        var advice: String?
        switch code {
        case .permissionDenied:
            permission = Self.missingPermission(in: text)
            self.init(code, Self.permissionMessage(permission, command: command, address: address))
            serverText = Self.withoutQuotedKey(text)
            missingPermission = permission
            return
        case .authenticationFailed where reply.text.contains("password is set") || reply.text.contains("without any"):
            advice = "the server has no password: give none"
        case .authenticationFailed where reply.text.contains("wrong number of arguments"):
            advice = "the server is older than Redis 6 and knows no users: give the password alone"
        case .authenticationFailed: advice = "check the user and the password"
        case .authenticationRequired: advice = "give a user and a password"
        case .protectedMode: advice = "it runs in protected mode: set a password or a bind address there"
        case .tooManyClients: advice = "raise maxclients there, or try again when fewer clients are connected"
        case .loading: advice = "wait until it has loaded its dataset"
        default: advice = nil
        }
        // The text of -DENIED is a page of advice; its first sentence is enough.
        let shown = code == .protectedMode ? String(text.prefix { $0 != "." }) : text
        self.init(code, "\(occasion): \(shown)" + (advice.map { " (\($0))" } ?? ""), serverText: text)
    }

    /// Sources: redis src/acl.c, networking.c, server.c (the texts of the error replies), and those before version 6.
    private static func code(of reply: RESPErrorReply) -> Code {
        switch reply.prefix {
        case "WRONGPASS": .authenticationFailed
        case "NOAUTH": .authenticationRequired
        case "NOPERM": .permissionDenied
        case "DENIED": .protectedMode
        case "LOADING": .loading
        case "NOMASTERLINK": .replicationRefused
        case "ERR" where reply.text.hasPrefix("ERR max number of clients"): .tooManyClients
        case "ERR" where reply.text.hasPrefix("ERR invalid password"): .authenticationFailed
        case "ERR" where reply.text.hasPrefix("ERR Client sent AUTH, but no password is set"): .authenticationFailed
        case "ERR" where reply.text.hasPrefix("ERR AUTH <password> called without any password"):
            .authenticationFailed
        case "ERR" where reply.text.hasPrefix("ERR wrong number of arguments for 'auth'"): .authenticationFailed
        case "ERR" where reply.text.hasPrefix("ERR operation not permitted"): .authenticationRequired
        default: .serverError(prefix: String(reply.prefix))
        }
    }

    /// `run the 'x' command` → `+x`; nil for keys and channels, whose names are not to be repeated.
    private static func missingPermission(in text: String) -> String? {
        guard let start = text.firstRange(of: "run the '"),
            let end = text[start.upperBound...].firstIndex(of: "'")
        else { return nil }
        return "+" + text[start.upperBound..<end].lowercased()
    }

    private static func permissionMessage(_ permission: String?, command: String?, address: String) -> String {
        if let permission {
            return "\(address): the user lacks the permission \(permission); grant it with "
                + "ACL SETUSER <user> \(permission)"
        }
        return "\(address): the user may not touch the keys that \(command ?? "the command") needs; "
            + "grant them with ACL SETUSER <user> ~*"
    }

    private static func withoutQuotedKey(_ text: String) -> String {
        guard let range = text.firstRange(of: "to access the '") else { return text }
        return String(text[..<range.lowerBound]) + "to access a key"
    }
}
