import Transport

/// Where a value comes from, from the strongest to the weakest.
package enum PolicyOrigin: Hashable, Sendable {
    /// An option of the command line, by its name: `--repository`.
    case option(String)
    /// An environment variable, by its name.
    case environment(String)
    /// The policy file.
    case policy(PolicyPlace)
    /// Nobody said anything.
    case standard
}

/// A value that goes before the policy's.
package struct PolicyOverride: Sendable {
    enum Change: Sendable {
        /// Written as it would be in the file.
        case text(String)
        /// Labels that are added to those of the policy.
        case labels([String: String])
        /// It is given, and not to be shown or stored: a password.
        case secret
    }

    /// `source.url`.
    let keyPath: String
    let change: Change
    let origin: PolicyOrigin

    package init(_ keyPath: String, text: String, from origin: PolicyOrigin) {
        (self.keyPath, self.change, self.origin) = (keyPath, .text(text), origin)
    }

    package init(_ keyPath: String, adding labels: [String: String], from origin: PolicyOrigin) {
        (self.keyPath, self.change, self.origin) = (keyPath, .labels(labels), origin)
    }

    /// The environment holds the source's password, so no file is read for it.
    package init(sourcePasswordIn variable: String) {
        (self.keyPath, self.change, self.origin) = ("source.password-file", .secret, .environment(variable))
    }
}

/// A policy with what the command line and the environment say in the place of it.
package struct EffectivePolicy: Sendable {
    package private(set) var policy: PolicyFile
    private var origins: [String: PolicyOrigin] = [:]
    private var secrets: Set<String> = []

    /// The first override of a key counts.
    ///
    /// Throws what is wrong with the text of an override; its key path is then the option's or the variable's name.
    package init(_ policy: PolicyFile, overrides: [PolicyOverride]) throws(PolicyProblem) {
        self.policy = policy
        for (keyPath, place) in policy.places { origins[keyPath] = .policy(place) }
        var overridden: Set<String> = []
        for override in overrides where overridden.insert(override.keyPath).inserted {
            try apply(override)
            origins[override.keyPath] = override.origin
        }
    }

    private mutating func apply(_ override: PolicyOverride) throws(PolicyProblem) {
        let node: PolicyNode
        switch override.change {
        case .text(let text): node = PolicyNode(text: text)
        case .labels(let labels):
            let all = policy.archive.tags.merging(labels) { $1 }.sorted { $0.key < $1.key }
            node = PolicyNode(
                .map(
                    all.map {
                        (
                            key: PolicyNode(text: $0),
                            value: PolicyNode(.scalar(.init(text: $1, isPlain: false)), at: .start)
                        )
                    }
                ),
                at: .start
            )
        case .secret:
            secrets.insert(override.keyPath)
            policy.source.passwordFile = nil
            return
        }
        guard let entry = PolicyReference.entries.first(where: { $0.keyPath == override.keyPath }) else { return }
        var reading = PolicyReading(directory: "")
        reading.enter(override.origin.name, example: entry.example) { entry.read(node, &policy, &$0) }
        if let problem = reading.problems.first(where: { $0.severity == .error }) { throw problem }
    }

    /// One key with its effective value.
    package struct Value: Sendable {
        package let keyPath: String
        /// As it would stand in a file; nil if there is none.
        package let text: String?
        /// What there is in the place of a value: `no limit`, `(not shown)`.
        package let remark: String?
        package let origin: PolicyOrigin
    }

    /// Every key in the order of the reference; of a section that is not there, only that.
    package var values: [Value] {
        var values: [Value] = []
        var absent: String?
        for entry in PolicyReference.entries {
            if let absent, entry.keyPath.hasPrefix(absent + ".") { continue }
            let text = entry.text(policy)
            if entry.isSection {
                absent = text == nil ? entry.keyPath : nil
                if text == nil {
                    values.append(Value(keyPath: entry.keyPath, text: nil, remark: "not there", origin: .standard))
                }
                continue
            }
            let isSecret = secrets.contains(entry.keyPath)
            let shown = isSecret ? nil : text ?? derived[entry.keyPath]
            values.append(
                Value(
                    keyPath: entry.keyPath,
                    text: shown,
                    remark: isSecret ? "a password, not shown" : shown == nil ? entry.standard : nil,
                    origin: origin(of: entry.keyPath)
                )
            )
        }
        return values
    }

    package func origin(of keyPath: String) -> PolicyOrigin { origins[keyPath] ?? .standard }

    /// Defaults that follow from other keys.
    private var derived: [String: String] {
        var derived: [String: String] = [:]
        derived["source.name"] = policy.sourceName.map(PolicyText.quoted)
        derived["source.user"] = policy.source.url?.user.map(PolicyText.quoted)
        guard let schedule = policy.schedule else { return derived }
        derived["schedule.randomized-delay"] = PolicyNumber.text(schedule.effectiveRandomizedDelay)
        if case .minutes = schedule.every {} else { derived["schedule.at"] = "\"\(schedule.effectiveTime)\"" }
        if case .week = schedule.every { derived["schedule.on"] = schedule.effectiveWeekday.rawValue }
        if case .month = schedule.every { derived["schedule.on"] = String(schedule.effectiveDayOfMonth) }
        return derived
    }
}

extension PolicyOrigin {
    /// `--codec`, `REWARM_REPOSITORY`, `policy`, `default`.
    package var name: String {
        switch self {
        case .option(let name), .environment(let name): name
        case .policy: "policy"
        case .standard: "default"
        }
    }
}
