#if canImport(Glibc)
@preconcurrency private import Glibc
#elseif canImport(Musl)
@preconcurrency private import Musl
#else
@preconcurrency private import Darwin
#endif

/// The environment of the programs that Rewarm starts: that of this process without its secrets.
///
/// A variable is taken for a secret by its name, whoever it belongs to: a hook that needs one reads it from a file of
/// its own. Of Rewarm's own variables one goes as well if its value is a URL with a password.
package struct ChildEnvironment: Hashable, Sendable {
    package private(set) var variables: [String: String]

    package init(_ variables: [String: String]) {
        self.variables = variables.filter { !Self.isSecret($0.key, value: $0.value) }
    }

    /// That of this process.
    package static var current: Self { Self(processVariables()) }

    package func adding(_ more: [String: String]) -> Self {
        var sum = self
        sum.variables.merge(more) { $1 }
        return sum
    }

    /// Parts of names that tell a secret; `REDISCLI_AUTH` is the password that redis-cli takes.
    private static let secretWords = [
        "PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "CREDENTIAL", "API_KEY", "APIKEY", "ACCESS_KEY",
        "PRIVATE_KEY",
    ]
    private static let secretEndings = ["_AUTH", "_PASS", "_PW"]

    static func isSecret(_ name: String, value: String) -> Bool {
        let upper = name.uppercased()
        if secretWords.contains(where: upper.contains) || secretEndings.contains(where: upper.hasSuffix) { return true }
        return upper.hasPrefix("REWARM_") && hasPassword(value)
    }

    /// Whether a text looks like `scheme://user:password@host`.
    private static func hasPassword(_ text: String) -> Bool {
        guard let scheme = text.firstRange(of: "://") else { return false }
        let rest = text[scheme.upperBound...]
        guard let at = rest.lastIndex(of: "@") else { return false }
        return rest[..<at].contains(":")
    }

    private static func processVariables() -> [String: String] {
        var variables: [String: String] = [:]
        var entry: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = environ
        while let text = entry?.pointee {
            let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
            entry = entry?.advanced(by: 1)
        }
        return variables
    }
}
