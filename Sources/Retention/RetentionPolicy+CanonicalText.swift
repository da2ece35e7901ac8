extension RetentionPolicy {
    /// Every value in a fixed order, one per line as `key: value`: two policies with the same text plan alike.
    ///
    /// Its digest tells whether a policy changed since the last run. Comments and the order of a file do not matter.
    package var canonicalText: String {
        var lines = [
            ("time-zone", timeZone),
            ("group-by", groupBy.map(\.description).joined(separator: ", ")),
            ("anchor", anchor.rawValue),
            ("prefer", prefer.rawValue),
            ("last", last?.description ?? "off"),
            ("within", within?.description ?? "off"),
        ]
        for tier in RetentionTier.allCases {
            let rule = rule(of: tier)
            lines.append((tier.rawValue, rule.within.map { "within \($0)" } ?? rule.count?.description ?? "off"))
        }
        lines += [
            ("tags", tags.map { "[" + $0.joined(separator: ", ") + "]" }.joined(separator: ", ")),
            ("oldest", oldest?.description ?? "auto"),
            ("min-copies", String(minimumCopies)),
            ("last-drilled", String(lastDrilled)),
            ("last-verified", String(lastVerified)),
            ("max-delete", "\(maximumDeletePercent)%"),
            ("grace", grace.description),
            ("apply", String(apply)),
            ("failed.keep-for", failed.keepFor.description),
            ("failed.keep-last", String(failed.keepLast)),
            ("confirm-policy-change", String(confirmPolicyChange)),
        ]
        return lines.map { "\($0): \($1)\n" }.joined()
    }
}
