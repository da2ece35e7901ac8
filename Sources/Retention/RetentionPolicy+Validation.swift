extension RetentionPolicy {
    /// Everything that is wrong with the policy; empty if it can be planned with.
    package func validate() -> [RetentionProblem] {
        problemsOfZone + problemsOfGroups + problemsOfCounts + problemsOfTiers + problemsOfWindows + problemsOfTags
            + problemsOfFloors + problemsOfRules
    }

    private var problemsOfZone: [RetentionProblem] {
        if CivilZone(identifier: timeZone) != nil { return [] }
        return [
            RetentionProblem(
                "time-zone",
                value: timeZone,
                "is no time zone of the IANA database",
                hint: "write a name such as UTC or Europe/Rome"
            )
        ]
    }

    private var problemsOfGroups: [RetentionProblem] {
        var seen: Set<GroupKey> = []
        return groupBy.filter { !seen.insert($0).inserted }.map {
            RetentionProblem("group-by", value: "\($0)", "is named twice", hint: "name each key once")
        }
    }

    private var problemsOfCounts: [RetentionProblem] {
        var problems: [RetentionProblem] = []
        func check(_ keyPath: String, _ count: RetentionCount?) {
            guard case .limited(let number)? = count, number < 0 else { return }
            problems.append(
                RetentionProblem(
                    keyPath,
                    value: String(number),
                    "is negative",
                    hint: "write a number from 0 (off), or 'all'"
                )
            )
        }
        check("last", last)
        for tier in RetentionTier.allCases { check(tier.rawValue, rule(of: tier).count) }
        return problems
    }

    /// A count and a window in one tier; a coarser window shorter than a finer one.
    private var problemsOfTiers: [RetentionProblem] {
        var problems: [RetentionProblem] = []
        var finer: (tier: RetentionTier, window: CivilDuration)?
        for tier in RetentionTier.allCases {
            let rule = rule(of: tier)
            guard let window = rule.within else { continue }
            if let count = rule.count {
                problems.append(
                    RetentionProblem(
                        tier.rawValue,
                        value: "\(count), within \(window)",
                        "has both a count and a window",
                        hint: "keep one: the newest so many periods, or all of a window"
                    )
                )
            }
            if let finer, window.extent.longest < finer.window.extent.shortest {
                problems.append(
                    RetentionProblem(
                        tier.rawValue + ".within",
                        value: "\(window)",
                        "is shorter than \(finer.tier.rawValue).within, \(finer.window), and would add nothing",
                        hint: "make the window of the coarser tier the longer one, or leave it out"
                    )
                )
            }
            if finer.map({ window.extent.longest > $0.window.extent.longest }) ?? true { finer = (tier, window) }
        }
        return problems
    }

    private var problemsOfWindows: [RetentionProblem] {
        let windows =
            [("within", within)] + RetentionTier.allCases.map { ($0.rawValue + ".within", rule(of: $0).within) }
        return windows.compactMap { keyPath, window in
            guard let window, window.isZero else { return nil }
            return RetentionProblem(
                keyPath,
                value: "\(window)",
                "is a window of no length, which keeps nothing",
                hint: "give it a length, or leave it out to turn the rule off"
            )
        }
    }

    private var problemsOfTags: [RetentionProblem] {
        tags.enumerated().compactMap { index, list in
            if !list.isEmpty, list.allSatisfy({ !$0.isEmpty && !$0.hasPrefix("=") }) { return nil }
            return RetentionProblem(
                "tags[\(index)]",
                value: "[" + list.joined(separator: ", ") + "]",
                list.isEmpty ? "is an empty list, which would match every snapshot" : "has a tag without a name",
                hint: "write lists of tags, [[release, env=prod], [audit]]: all of one list, or all of another"
            )
        }
    }

    private var problemsOfFloors: [RetentionProblem] {
        var problems: [RetentionProblem] = []
        for (keyPath, number) in [("min-copies", minimumCopies), ("failed.keep-last", failed.keepLast)] where number < 0
        {
            problems.append(
                RetentionProblem(keyPath, value: String(number), "is negative", hint: "write a number from 0")
            )
        }
        if !(0...100).contains(maximumDeletePercent) {
            problems.append(
                RetentionProblem(
                    "max-delete",
                    value: "\(maximumDeletePercent)%",
                    "is no share",
                    hint: "write a percentage from 0% to 100%, as 50%"
                )
            )
        }
        return problems
    }

    /// No rule at all is an error, never "delete all".
    private var problemsOfRules: [RetentionProblem] {
        if !(last?.isOff ?? true) || within != nil || !activeTiers.isEmpty || !tags.isEmpty { return [] }
        let named = last != nil || !tiers.isEmpty
        return [
            RetentionProblem(
                "",
                value: "",
                named
                    ? "has only rules that are off, and would delete everything"
                    : "has no rule, and would delete everything",
                hint: "say what to keep, for instance 'daily: 7' or 'within: 30d'"
            )
        ]
    }
}
