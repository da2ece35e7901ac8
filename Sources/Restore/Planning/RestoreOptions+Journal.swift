extension RestoreOptions {
    /// The options that decide on what is restored and how: a run that continues another one must share them.
    ///
    /// By their names on the command line, in the words that a message shows.
    package var journaled: [String: String] {
        func list(_ texts: [String]) -> String { texts.isEmpty ? "none" : texts.sorted().joined(separator: ", ") }
        var journaled = [
            "--ttl": deadlineMode.rawValue,
            "--ttl-jitter": "\(deadlineJitterPercent)",
            "--existing": existing.rawValue,
            "--only-missing": onlyMissing ? "given" : "not given",
            "--match": list(match.map(\.description)),
            "--exclude": list(exclude.map(\.description)),
            "--type": list(Array(types)),
            "--database": list(databases.map(\.description)),
            "--strict": isStrict ? "given" : "not given",
            "--salvage": salvage ? "given" : "not given",
        ]
        if let flagsHash { journaled["--flags-hash"] = flagsHash }
        return journaled
    }

    /// Options that say what becomes of losses, not what is restored: one may change its mind about them.
    ///
    /// Journals of before they were noted have none of them.
    private static let changeable: Set<String> = ["--strict", "--salvage"]

    /// What differs from the options of the run that is to be continued, as a sentence; nil if nothing does.
    package func difference(from earlier: [String: String]) -> String? {
        words(for: Set(journaled.keys).union(earlier.keys).subtracting(Self.changeable), earlier)
    }

    /// What differs and does not matter to what was restored already, as a sentence; nil if nothing does.
    package func change(from earlier: [String: String]) -> String? {
        words(for: Self.changeable.intersection(earlier.keys), earlier)
    }

    private func words(for names: Set<String>, _ earlier: [String: String]) -> String? {
        let own = journaled
        let different = names.sorted().filter { own[$0] != earlier[$0] }
        guard !different.isEmpty else { return nil }
        return different.map { "\($0) was \(earlier[$0] ?? "not known") and is \(own[$0] ?? "not known") now" }
            .joined(separator: ", ")
    }
}
