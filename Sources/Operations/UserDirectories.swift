#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif

/// The user's own directories by the XDG Base Directory Specification (specifications.freedesktop.org/basedir-spec).
package struct UserDirectories: Sendable {
    /// Looks up an environment variable.
    package let environment: @Sendable (String) -> String?

    package init(environment: @escaping @Sendable (String) -> String?) {
        self.environment = environment
    }

    /// Those of this process.
    package static let current = Self { name in
        getenv(name).map { String(cString: $0) }
    }

    /// `$XDG_DATA_HOME/rewarm`, else `~/.local/share/rewarm`; nil without a home.
    package var data: String? { directory("XDG_DATA_HOME", belowHome: ".local/share") }

    /// `$XDG_STATE_HOME/rewarm`, else `~/.local/state/rewarm`; nil without a home.
    ///
    /// The journals of restores lie there.
    package var state: String? { directory("XDG_STATE_HOME", belowHome: ".local/state") }

    /// The specification asks to ignore a relative path.
    private func directory(_ variable: String, belowHome relative: String) -> String? {
        if let named = environment(variable), named.hasPrefix("/") { return named + "/rewarm" }
        guard let home = environment("HOME"), home.hasPrefix("/") else { return nil }
        return home + "/" + relative + "/rewarm"
    }
}
