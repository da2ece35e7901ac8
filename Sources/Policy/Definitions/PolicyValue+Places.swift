import ArchiveFormat
import Transport

extension PolicyValue<String> {
    /// The name of a file or directory; relative names start at the policy file's directory.
    static let file = scalar("file name", .string, text: PolicyText.quoted) { scalar, directory throws(PolicyFault) in
        try PolicyPath.resolved(scalar.text, in: directory)
    }

    /// A program: a file name, or a word that is looked up in PATH.
    static let program = scalar("program", .string, text: PolicyText.quoted) { scalar, directory throws(PolicyFault) in
        scalar.text.contains("/")
            ? try PolicyPath.resolved(scalar.text, in: directory) : try PolicyText.line(scalar.text)
    }
}

extension PolicyValue<NodeURL> {
    /// Where a node is.
    ///
    /// A password in it works, with a warning, as everywhere.
    static let node = PolicyValue(
        name: "URL",
        schema: .pattern("^(redis|rediss|valkey|valkeys|memcached|memcacheds|(redis|valkey|memcached)\\+unix)://"),
        read: { node, reading in
            guard let text = node.text else {
                if !node.isRefused { reading.report(PolicyFault("is \(node.kind), not a URL"), at: node.place) }
                return nil
            }
            // A host without an @ before it, and behind it something that could be a password.
            let ending = text.split(separator: ":").last ?? ""
            if !text.contains("@"), text.count(where: { $0 == ":" }) > 1, !text.contains("["),
                !(ending.prefix { $0 != "/" }.allSatisfy(\.isNumber))
            {
                let hint = "a port is a number; a user stands before an @: redis://backup@cache-1:6379"
                reading.report(PolicyFault("has no number as its port", hint: hint), at: node.place)
                return nil
            }
            do throws(TransportError) {
                let url = try NodeURL(text)
                if url.password != nil {
                    var fault = PolicyFault("holds a password, which everybody sees who reads the policy")
                    fault = PolicyFault(fault.problem, hint: "put it into a file and name that with password-file")
                    fault.severity = .warning
                    reading.report(fault, at: node.place, value: url.redacted)
                }
                return url
            } catch {
                // What comes before an @ could be a password, however the URL is broken.
                let shown = text.lastIndex(of: "@").map { "***" + text[$0...] } ?? text
                reading.report(
                    PolicyFault("is not the URL of a node: \(error.message)"),
                    at: node.place,
                    value: shown
                )
                return nil
            }
        },
        text: { PolicyText.quoted($0.redacted) }
    )
}

extension PolicyValue<CodecRequest> {
    static let codec = scalar(
        "codec",
        .pattern("^(none|zlib(:([1-9]|auto))?|zstd(:([1-9]|1[0-9]|auto))?)$"),
        text: \.description
    ) { scalar, _ throws(PolicyFault) in
        if let codec = CodecRequest(scalar.text) { return codec }
        throw PolicyFault(
            "is not a codec",
            hint: "possible are zlib:1 to zlib:9, zstd:1 to zstd:19, zlib:auto, zstd:auto, and none"
        )
    }
}

/// Names of files in a policy.
enum PolicyPath {
    /// The name itself if it is absolute, else below the directory.
    static func resolved(_ name: String, in directory: String) throws(PolicyFault) -> String {
        let name = try PolicyText.line(name)
        if name == "~" || name.hasPrefix("~/") || name.hasPrefix("$") {
            throw PolicyFault(
                "is a name that only a shell would complete",
                hint: "write the whole path, beginning with /"
            )
        }
        if name.contains("://") {
            throw PolicyFault("is a URL, not the name of a file or directory")
        }
        if name.hasPrefix("/") || directory.isEmpty { return name }
        let bare = name.hasPrefix("./") ? String(name.dropFirst(2)) : name
        return directory.hasSuffix("/") ? directory + bare : directory + "/" + bare
    }
}
