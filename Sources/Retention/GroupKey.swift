/// A property of snapshots by which a policy divides them into groups.
package enum GroupKey: Hashable, Sendable {
    /// The source by its name.
    case source
    /// The policy that took the snapshot.
    case policy
    /// The engine that the source runs: redis, valkey.
    case engine
    /// The way of capture: replication, scan, file.
    case method
    /// The value of a tag.
    case tag(String)

    /// Reads `source`, `policy`, `engine`, `method` or `tag:NAME`; nil if it is none of them.
    package init?(_ text: some StringProtocol) {
        switch text {
        case "source": self = .source
        case "policy": self = .policy
        case "engine": self = .engine
        case "method": self = .method
        case _ where text.hasPrefix("tag:") && text.count > 4: self = .tag(String(text.dropFirst(4)))
        default: return nil
        }
    }

    /// The group of a snapshot, shown in every output: `source=web policy=nightly`.
    ///
    /// A property that the snapshot lacks is `-`. Characters that would make two groups look the same are escaped with `%`.
    /// Without keys there is one group, `all`.
    package static func group(by keys: [GroupKey], value: (GroupKey) -> String?) -> String {
        if keys.isEmpty { return "all" }
        return keys.map { "\($0)=" + (value($0).map(escaped) ?? "-") }.joined(separator: " ")
    }

    private static func escaped(_ value: String) -> String {
        if value == "-" { return "%2D" }
        var text = ""
        for character in value {
            switch character {
            case "%": text += "%25"
            case " ": text += "%20"
            case "=": text += "%3D"
            default: text.append(character)
            }
        }
        return text
    }
}

extension GroupKey: CustomStringConvertible {
    /// As a policy writes it.
    package var description: String {
        switch self {
        case .source: "source"
        case .policy: "policy"
        case .engine: "engine"
        case .method: "method"
        case .tag(let name): "tag:" + name
        }
    }
}
