package import Policy

/// The moments of a policy's run at which hooks are called.
package enum HookEvent: String, Hashable, Sendable, CaseIterable {
    /// Before the repository is opened or the source is asked for anything.
    case before
    /// The snapshot counts, and nothing doubts it.
    case afterSuccess = "after-success"
    /// There is no snapshot, or a guard doubts it; also when the repository could not be opened.
    case afterFailure = "after-failure"
    /// After the two above, however the run ended.
    case always

    /// The event's hooks in the order in which they run.
    package func hooks(of hooks: PolicyHooks) -> [PolicyHook] {
        switch self {
        case .before: hooks.before
        case .afterSuccess: hooks.afterSuccess
        case .afterFailure: hooks.afterFailure
        case .always: hooks.always
        }
    }
}

extension PolicyHook {
    /// Program and arguments as they are started.
    var arguments: [String] {
        switch command {
        case .shell(let line): ["/bin/sh", "-c", line]
        case .program(let words): words
        }
    }

    /// What messages call it: the program, or the first word of the line.
    ///
    /// The rest may hold a secret, such as the address of a web hook, and so may a word that assigns a variable.
    var title: String {
        let word: String? =
            switch command {
            case .shell(let line): line.split(whereSeparator: \.isWhitespace).first.map(String.init)
            case .program(let words): words.first
            }
        guard let word, !word.contains("=") else { return "shell line" }
        return word.split(separator: "/").last.map(String.init) ?? word
    }
}
