/// How a snapshot gets into a target: `--method`.
package enum RestoreMethod: String, Codable, Hashable, Sendable, CaseIterable {
    /// SET and RESTORE, one per key.
    case commands
    /// The target is told to replicate from here, gets an RDB stream, and is detached again.
    case replication
}

/// Where the target is to come for its dataset: `--listen`.
package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    package let host: String
    /// 0 for any that is free.
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `host`, `host:port`, `[v6]` or `[v6]:port`; nil for anything else.
    package init?(_ text: String) {
        var host = text[...]
        var port = 0
        let isBracketed = text.hasPrefix("[")
        if let colon = text.lastIndex(of: ":"), !isBracketed || text[..<colon].hasSuffix("]") {
            guard let number = Int(text[text.index(after: colon)...]), (0...65_535).contains(number) else { return nil }
            (host, port) = (text[..<colon], number)
        }
        if isBracketed {
            guard host.hasSuffix("]") else { return nil }
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty else { return nil }
        self.init(host: String(host), port: port)
    }

    package var description: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }
}

/// What the listener shows to a target that replicates by TLS: `--listen-tls-certificate`, `--listen-tls-key`.
package struct ListenCertificate: Hashable, Sendable {
    /// PEM files.
    package let certificateFile: String
    package let keyFile: String

    package init(certificateFile: String, keyFile: String) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}
