import Retention
import Testing

struct ValidationTests {
    private func problems(_ change: (inout RetentionPolicy) -> Void) -> [RetentionProblem] {
        var policy = RetentionPolicy()
        policy.last = .limited(1)
        change(&policy)
        let problems = policy.validate()
        for problem in problems { #expect(!problem.hint.isEmpty) }
        let isRefused = (try? RetentionPlanner(policy)) == nil
        #expect(isRefused != problems.isEmpty)
        return problems
    }

    private func places(_ change: (inout RetentionPolicy) -> Void) -> [String] {
        problems(change).map { "\($0.keyPath) \($0.value)" }
    }

    @Test func `a policy with one rule and the defaults is valid`() {
        #expect(places { _ in } == [])
    }

    @Test func `no rule at all is an error, never delete all`() {
        #expect(problems { $0.last = nil }.map(\.problem) == ["has no rule, and would delete everything"])
    }

    @Test func `all rules zero is an error`() {
        let problems = problems {
            $0.last = .limited(0)
            $0.tiers = [.daily: RetentionTierRule(count: .limited(0))]
        }
        #expect(problems.map(\.keyPath) == ["retention"])
        #expect(problems.map(\.problem) == ["has only rules that are off, and would delete everything"])
    }

    @Test func `the oldest and the floors are no rules`() {
        #expect(
            places {
                $0.last = nil
                $0.oldest = true
                $0.minimumCopies = 5
            } == ["retention "]
        )
    }

    @Test func `any one rule is enough`() {
        let rules: [(inout RetentionPolicy) -> Void] = [
            { $0.last = .all }, { $0.within = CivilDuration(1, .minutes) }, { $0.tags = [["a"]] },
            { $0.tiers[.yearly] = RetentionTierRule(count: .all) },
            { $0.tiers[.minutely] = RetentionTierRule(within: CivilDuration(1, .hours)) },
        ]
        for rule in rules {
            #expect(
                places {
                    $0.last = nil
                    rule(&$0)
                } == []
            )
        }
    }

    @Test func `a count and a window in one tier are an error`() {
        let rule = RetentionTierRule(count: .limited(7), within: CivilDuration(2, .weeks))
        #expect(places { $0.tiers[.daily] = rule } == ["retention.daily 7, within 2w"])
        // Also if the count is zero: two statements contradict each other.
        let zero = RetentionTierRule(count: .limited(0), within: CivilDuration(2, .weeks))
        #expect(places { $0.tiers[.daily] = zero } == ["retention.daily 0, within 2w"])
    }

    @Test(
        arguments: [
            ("14d", "1w", true), ("30d", "4w", true), ("2mo", "5w", true), ("1y", "11mo", true), ("25h", "1d", true),
            ("14d", "2w", false), ("31d", "1mo", false), ("1mo", "30d", false), ("12mo", "1y", false),
            ("1y", "366d", false),
        ]
    )
    func `a coarser window that is shorter than a finer one is an error`(
        fine: String,
        coarse: String,
        isWrong: Bool
    ) throws {
        let windows = [try CivilDuration(parsing: fine), try CivilDuration(parsing: coarse)]
        let places = places {
            $0.tiers[.daily] = RetentionTierRule(within: windows[0])
            $0.tiers[.yearly] = RetentionTierRule(within: windows[1])
        }
        #expect(places == (isWrong ? ["retention.yearly.within \(coarse)"] : []))
    }

    @Test func `windows are compared over a tier without one`() throws {
        let places = places {
            $0.tiers[.hourly] = RetentionTierRule(within: CivilDuration(10, .days))
            $0.tiers[.daily] = RetentionTierRule(within: CivilDuration(9, .days))
            $0.tiers[.weekly] = RetentionTierRule(count: .limited(3))
            $0.tiers[.monthly] = RetentionTierRule(within: CivilDuration(9, .days))
        }
        #expect(places == ["retention.daily.within 9d", "retention.monthly.within 9d"])
    }

    @Test(arguments: ["Europe/Atlantis", "", "local", "UTC+2"]) func `an unknown zone is an error`(name: String) {
        #expect(places { $0.timeZone = name } == ["retention.time-zone \(name)"])
    }

    @Test func `bad numbers are errors, all at once`() {
        let places = places {
            $0.last = .limited(-1)
            $0.tiers[.daily] = RetentionTierRule(count: .limited(-7))
            $0.minimumCopies = -2
            $0.failed.keepLast = -3
            $0.maximumDeletePercent = 101
            $0.within = CivilDuration(0, .days)
            $0.tiers[.weekly] = RetentionTierRule(within: CivilDuration(0, .hours))
        }
        #expect(
            places == [
                "retention.last -1", "retention.daily -7", "retention.within 0d", "retention.weekly.within 0h",
                "retention.min-copies -2", "retention.failed.keep-last -3", "retention.max-delete 101%",
            ]
        )
    }

    @Test func `an empty list of tags would match everything and is an error`() {
        #expect(places { $0.tags = [["a"], []] } == ["retention.tags[1] []"])
        #expect(places { $0.tags = [["a", ""]] } == ["retention.tags[0] [a, ]"])
        #expect(places { $0.tags = [["=prod"]] } == ["retention.tags[0] [=prod]"])
    }

    @Test func `a group key named twice is an error`() {
        #expect(places { $0.groupBy = [.source, .tag("env"), .source] } == ["retention.group-by source"])
    }

    @Test func `a problem reads as a sentence with the way out`() {
        let problem = problems { $0.timeZone = "Rome" }.first
        #expect(
            problem?.description == "retention.time-zone 'Rome' is no time zone of the IANA database; "
                + "write a name such as UTC or Europe/Rome"
        )
    }

    @Test func `every value is in the canonical text`() {
        let changes: [(inout RetentionPolicy) -> Void] = [
            { $0.timeZone = "Europe/Rome" }, { $0.groupBy = [.tag("x")] }, { $0.anchor = .now },
            { $0.prefer = .oldest },
            { $0.last = .all }, { $0.within = CivilDuration(1, .days) }, { $0.tags = [["a"]] }, { $0.oldest = false },
            { $0.minimumCopies = 2 }, { $0.lastDrilled = false }, { $0.lastVerified = false },
            { $0.maximumDeletePercent = 20 }, { $0.grace = CivilDuration(1, .hours) }, { $0.apply = true },
            { $0.failed.keepFor = CivilDuration(1, .days) }, { $0.failed.keepLast = 9 },
            { $0.confirmPolicyChange = true },
        ]
        var texts: Set = [RetentionPolicy().canonicalText]
        for change in changes {
            var policy = RetentionPolicy()
            change(&policy)
            #expect(texts.insert(policy.canonicalText).inserted)
        }
        for tier in RetentionTier.allCases {
            for rule in [RetentionTierRule(count: .limited(1)), RetentionTierRule(within: CivilDuration(1, .days))] {
                var policy = RetentionPolicy()
                policy.tiers[tier] = rule
                #expect(texts.insert(policy.canonicalText).inserted)
            }
        }
        // One line per stored value: a new one must not be forgotten. 18 properties, of which the tiers are seven lines
        // and `failed` is two.
        #expect(Mirror(reflecting: RetentionPolicy()).children.count == 17)
        #expect(RetentionPolicy().canonicalText.split(separator: "\n").count == 17 + 6 + 1)
    }
}
