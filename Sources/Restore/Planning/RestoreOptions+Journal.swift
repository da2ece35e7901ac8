extension RestoreOptions {
    /// The options that decide on what is restored and how: a run that continues another one must share them.
    ///
    /// By their names on the command line, in the words that a message shows.
    package var journaled: [String: String] {
        func list(_ texts: [String]) -> String { texts.isEmpty ? "none" : texts.sorted().joined(separator: ", ") }
        return [
            "--ttl": deadlineMode.rawValue,
            "--ttl-jitter": "\(deadlineJitterPercent)",
            "--existing": existing.rawValue,
            "--only-missing": onlyMissing ? "given" : "not given",
            "--match": list(match.map(\.description)),
            "--exclude": list(exclude.map(\.description)),
            "--type": list(Array(types)),
            "--database": list(databases.map(\.description)),
        ]
    }

    /// What differs from the options of the run that is to be continued, as a sentence; nil if nothing does.
    package func difference(from earlier: [String: String]) -> String? {
        let own = journaled
        let names = Set(own.keys).union(earlier.keys).sorted().filter { own[$0] != earlier[$0] }
        guard !names.isEmpty else { return nil }
        return names.map { "\($0) was \(earlier[$0] ?? "not known") and is \(own[$0] ?? "not known") now" }
            .joined(separator: ", ")
    }
}
