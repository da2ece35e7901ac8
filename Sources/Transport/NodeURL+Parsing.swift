extension NodeURL {
    private enum Scheme {
        case plain
        case tls
        case unixSocket
    }

    private static let forms =
        "redis://host:port, rediss://host:port (TLS) or redis+unix:///path (also with valkey, and with memcached)"

    /// Parses a URL; an error names the fault and never the password.
    package init(_ text: String) throws(TransportError) {
        guard let separator = text.firstRange(of: "://") else {
            throw .invalidAddress("a node's URL needs a scheme: \(Self.forms)")
        }
        let (family, scheme) = try Self.scheme(text[..<separator.lowerBound])
        var rest = text[separator.upperBound...]
        var query: Substring = ""
        if let mark = rest.firstIndex(of: "?") {
            query = rest[rest.index(after: mark)...]
            rest = rest[..<mark]
        }
        let pathStart = rest.firstIndex(of: "/") ?? rest.endIndex
        var authority = rest[..<pathStart]
        let path = rest[pathStart...]
        self.init(family: family, endpoint: .unixSocket(path: ""), usesTLS: scheme == .tls)
        if let at = authority.lastIndex(of: "@") {
            try readUserInformation(authority[..<at])
            authority = authority[authority.index(after: at)...]
        }
        if scheme == .unixSocket {
            guard authority.isEmpty, path.count > 1 else {
                let scheme = family.schemes.unixSocket
                throw .invalidAddress("a Unix socket's URL needs an absolute path: \(scheme):///run/node.sock")
            }
            endpoint = .unixSocket(path: try Self.decode(path, "path"))
        } else {
            endpoint = try Self.tcpEndpoint(authority, family)
            if path.count > 1 { database = try Self.database(path.dropFirst()) }
        }
        try readQuery(query)
        if family == .memcached, database != nil {
            throw .invalidAddress("memcached has no databases: leave the database out of the URL")
        }
    }

    private static func scheme(_ text: Substring) throws(TransportError) -> (Family, Scheme) {
        switch text.lowercased() {
        case "redis", "valkey": (.redis, .plain)
        case "rediss", "valkeys": (.redis, .tls)
        case "redis+unix", "valkey+unix": (.redis, .unixSocket)
        case "memcached": (.memcached, .plain)
        case "memcacheds": (.memcached, .tls)
        case "memcached+unix": (.memcached, .unixSocket)
        default: throw .invalidAddress("unknown scheme \(text)://: use \(forms)")
        }
    }

    private mutating func readUserInformation(_ text: Substring) throws(TransportError) {
        let colon = text.firstIndex(of: ":") ?? text.endIndex
        let name = try Self.decode(text[..<colon], "user")
        user = name.isEmpty ? nil : name
        if colon < text.endIndex { password = Secret(try Self.decode(text[text.index(after: colon)...], "password")) }
    }

    private static func tcpEndpoint(_ authority: Substring, _ family: Family) throws(TransportError) -> Endpoint {
        var host = authority
        var portText: Substring?
        if authority.first == "[" {
            guard let close = authority.firstIndex(of: "]") else {
                throw .invalidAddress("an IPv6 address in a URL ends with ]")
            }
            host = authority[authority.index(after: authority.startIndex)..<close]
            let after = authority[authority.index(after: close)...]
            guard after.isEmpty || after.first == ":" else {
                throw .invalidAddress("only :port may follow the ] of an IPv6 address")
            }
            portText = after.isEmpty ? nil : after.dropFirst()
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            portText = authority[authority.index(after: colon)...]
            guard portText?.contains(":") == false else {
                throw .invalidAddress("an IPv6 address in a URL stands in brackets: redis://[::1]:6379")
            }
        }
        let hostName = try decode(host, "host")
        guard !hostName.isEmpty else { throw .invalidAddress("the URL names no host: \(forms)") }
        guard let portText else { return .tcp(host: hostName, port: family.defaultPort) }
        guard let port = UInt16(portText), port > 0 else {
            throw .invalidAddress("\(portText) is no port: a number from 1 to 65535 is needed")
        }
        return .tcp(host: hostName, port: Int(port))
    }

    private mutating func readQuery(_ query: Substring) throws(TransportError) {
        for item in query.split(separator: "&") {
            guard item.hasPrefix("db=") else {
                throw .invalidAddress("the URL has an unknown parameter; only db=N is known")
            }
            database = try Self.database(item.dropFirst(3))
        }
    }

    private static func database(_ text: Substring) throws(TransportError) -> UInt32 {
        guard let number = UInt32(text) else {
            throw .invalidAddress("the database in a URL is a number, not \(text)")
        }
        return number
    }

    private static func decode(_ text: Substring, _ part: String) throws(TransportError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == 0x25 else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, digits.allSatisfy({ $0 != 0x2B && $0 != 0x2D }),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else { throw .invalidAddress("the \(part) in the URL has a % without two hexadecimal digits") }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw .invalidAddress("the \(part) in the URL is no text")
        }
        return decoded
    }
}
