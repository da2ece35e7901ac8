import Retention
import SnapshotModel
import Testing

/// The worked cases of the specification, each with its plan as a golden file.
struct WorkedCaseTests {
    @Test func `each worked case comes out as its golden file`() throws {
        var names: Set<String> = []
        for example in Self.calendar + Self.history + Self.standing + Self.brakes {
            #expect(names.insert(example.name).inserted)
            try Golden.expect(example.text(), example.name)
        }
        #expect(names.count >= 24)
    }

    private static let calendar: [WorkedCase] = [
        WorkedCase(
            "iso-week-new-year",
            "2025-12-30 and 2026-01-02 are one ISO week, 2026-W01; 2025-01-02 is another, 2025-W01",
            now: "2026-01-06T00:00:00Z",
            list: WorkedCase.list([
                ("jan5", "2026-01-05T02:00:00Z"), ("jan2", "2026-01-02T02:00:00Z"), ("dec30", "2025-12-30T02:00:00Z"),
                ("dec28", "2025-12-28T02:00:00Z"), ("last-jan2", "2025-01-02T02:00:00Z"),
            ])
        ) { $0.tiers[.weekly] = RetentionTierRule(count: .limited(4)) },
        WorkedCase(
            "iso-week-53",
            "the week of 2021-01-03 is 2020-W53",
            now: "2021-01-05T00:00:00Z",
            list: WorkedCase.list([
                ("jan4", "2021-01-04T02:00:00Z"), ("jan3", "2021-01-03T02:00:00Z"), ("dec31", "2020-12-31T02:00:00Z"),
                ("dec27", "2020-12-27T02:00:00Z"),
            ])
        ) { $0.tiers[.weekly] = RetentionTierRule(count: .limited(9)) },
        WorkedCase(
            "rome-autumn",
            "the hour that autumn repeats in Rome is two hours, and the day of 25 hours is one day",
            now: "2026-10-25T03:00:00Z",
            list: WorkedCase.list([
                ("0230Z", "2026-10-25T02:30:00Z"), ("0130Z", "2026-10-25T01:30:00Z"), ("0030Z", "2026-10-25T00:30:00Z"),
                ("0015Z", "2026-10-25T00:15:00Z"), ("2330Z", "2026-10-24T23:30:00Z"), ("2130Z", "2026-10-24T21:30:00Z"),
            ])
        ) {
            $0.timeZone = "Europe/Rome"
            $0.tiers[.hourly] = RetentionTierRule(count: .limited(9))
            $0.tiers[.daily] = RetentionTierRule(count: .limited(2))
        },
        WorkedCase(
            "rome-spring",
            "the hour that spring skips in Rome is none",
            now: "2026-03-29T02:00:00Z",
            list: WorkedCase.list([
                ("0130Z", "2026-03-29T01:30:00Z"), ("0030Z", "2026-03-29T00:30:00Z"), ("2330Z", "2026-03-28T23:30:00Z"),
            ])
        ) {
            $0.timeZone = "Europe/Rome"
            $0.tiers[.hourly] = RetentionTierRule(count: .limited(3))
        },
        WorkedCase(
            "month-ends",
            "a month before 31 March is 28 February: what lies exactly there is outside, a millisecond later inside",
            now: "2026-03-31T12:00:00Z",
            list: WorkedCase.list([
                ("mar31", "2026-03-31T12:00:00Z"), ("mar01", "2026-03-01T12:00:00Z"),
                ("feb28-later", "2026-02-28T12:00:00.001Z"), ("feb28", "2026-02-28T12:00:00Z"),
                ("jan31", "2026-01-31T12:00:00Z"),
            ])
        ) { $0.within = CivilDuration(1, .months) },
        WorkedCase(
            "monthly-31st",
            "backups of the 31st and of the last days of shorter months are one a month",
            now: "2026-05-31T12:00:00Z",
            list: WorkedCase.list([
                ("may31", "2026-05-31T02:00:00Z"), ("apr30", "2026-04-30T02:00:00Z"), ("mar31", "2026-03-31T02:00:00Z"),
                ("mar01", "2026-03-01T02:00:00Z"), ("feb28", "2026-02-28T02:00:00Z"), ("jan31", "2026-01-31T02:00:00Z"),
            ])
        ) { $0.tiers[.monthly] = RetentionTierRule(count: .limited(4)) },
        WorkedCase(
            "zone-of-the-server",
            "the server moved from Rome to New York in the middle of the year: instants and the policy's zone count, offsets do not",
            now: "2026-07-03T12:00:00Z",
            list: WorkedCase.list([
                ("new-york-2", "2026-07-02T20:30:00-04:00"), ("new-york-1", "2026-07-01T20:30:00-04:00"),
                ("rome-2", "2026-07-01T02:30:00+02:00"), ("rome-1", "2026-06-30T02:30:00+02:00"),
            ])
        ) {
            $0.timeZone = "Europe/Rome"
            $0.tiers[.daily] = RetentionTierRule(count: .limited(3))
        },
    ]

    private static let history: [WorkedCase] = [
        WorkedCase(
            "pause",
            "after a pause of fourteen days the old days still fill their slots",
            now: "2026-11-21T03:00:00Z",
            list: WorkedCase.days(
                7,
                to: 7,
                more: [#"{"id": "after", "takenAt": "2026-11-21T02:00:00Z"}"#]
            )
        ) { $0.tiers[.daily] = RetentionTierRule(count: .limited(7)) },
        WorkedCase(
            "pause-within",
            "after a pause of fourteen days windows count from the newest, so the first new backup ends the old ones: the brake asks",
            now: "2026-11-21T03:00:00Z",
            list: WorkedCase.days(
                7,
                to: 7,
                more: [#"{"id": "after", "takenAt": "2026-11-21T02:00:00Z"}"#]
            )
        ) { $0.within = CivilDuration(7, .days) },
        WorkedCase(
            "stopped",
            "backups stopped half a year ago: windows count from the newest and everything survives",
            now: "2027-05-21T00:00:00Z",
            list: WorkedCase.days(5, to: 21)
        ) { $0.within = CivilDuration(7, .days) },
        WorkedCase(
            "stopped-anchor-now",
            "the same with windows from now: only the floor is left, and the brake asks",
            now: "2027-05-21T00:00:00Z",
            list: WorkedCase.days(5, to: 21)
        ) {
            $0.within = CivilDuration(7, .days)
            $0.anchor = .now
        },
        WorkedCase("none", "no backups: nothing to decide", now: "2026-11-21T00:00:00Z", list: "[]") {
            $0.last = .limited(3)
        },
        WorkedCase(
            "one",
            "one backup is kept whatever its age",
            now: "2036-11-21T00:00:00Z",
            list: WorkedCase.days(1, to: 21)
        ) {
            $0.within = CivilDuration(1, .hours)
            $0.anchor = .now
        },
        WorkedCase(
            "count-larger",
            "a count larger than the history is no error",
            now: "2026-11-21T03:00:00Z",
            list: WorkedCase.days(3, to: 21)
        ) { $0.tiers[.daily] = RetentionTierRule(count: .limited(30)) },
        WorkedCase(
            "equal-instants",
            "two backups of one instant: the higher sequence is the newer",
            now: "2026-11-21T03:00:00Z",
            list: """
                [{"id": "z", "takenAt": "2026-11-21T02:00:00Z", "sequence": 1},
                 {"id": "a", "takenAt": "2026-11-21T02:00:00Z", "sequence": 2, "health": "unknown"},
                 {"id": "y", "takenAt": "2026-11-21T02:00:00Z", "sequence": 1, "health": "verified"}]
                """
        ) {
            $0.last = .limited(1)
            $0.lastVerified = false
        },
        WorkedCase(
            "three-hosts",
            "three hosts in one repository: each source is a group of its own",
            now: "2026-11-21T03:00:00Z",
            list: """
                [{"id": "a1", "takenAt": "2026-11-21T02:00:00Z", "source": "a"}, {"id": "a2", "takenAt": "2026-11-20T02:00:00Z", "source": "a"},
                 {"id": "b1", "takenAt": "2026-11-19T02:00:00Z", "source": "b"}, {"id": "b2", "takenAt": "2026-11-18T02:00:00Z", "source": "b"},
                 {"id": "c1", "takenAt": "2025-01-01T02:00:00Z", "source": "c"}]
                """
        ) { $0.last = .limited(1) },
        WorkedCase(
            "grandfather",
            "fathers and grandfathers over eleven months, one backup a month and the newest days",
            now: "2026-11-21T03:00:00Z",
            list: WorkedCase.days(
                10,
                to: 21,
                more: (1...10).map {
                    #"{"id": "m\#($0)", "takenAt": "2026-\#($0 < 10 ? "0" : "")\#($0)-15T02:00:00Z"}"#
                }
            )
        ) {
            $0.tiers[.daily] = RetentionTierRule(count: .limited(3))
            $0.tiers[.weekly] = RetentionTierRule(count: .limited(2))
            $0.tiers[.monthly] = RetentionTierRule(count: .limited(6))
            $0.tiers[.quarterly] = RetentionTierRule(within: CivilDuration(1, .years))
            $0.tiers[.yearly] = RetentionTierRule(count: .all)
        },
    ]

    private static let standing: [WorkedCase] = [
        WorkedCase(
            "future",
            "a backup dated a year ahead is kept, counts for nothing and moves no window",
            now: "2026-11-21T03:00:00Z",
            list: WorkedCase.days(4, to: 21, more: [#"{"id": "ahead", "takenAt": "2027-11-21T02:00:00Z"}"#])
        ) { $0.tiers[.daily] = RetentionTierRule(within: CivilDuration(2, .days)) },
        WorkedCase(
            "partial-newest",
            "a partial newest backup fills no slot",
            now: "2026-11-21T03:00:00Z",
            list: WorkedCase.days(
                3,
                to: 20,
                more: [#"{"id": "part", "takenAt": "2026-11-21T02:00:00Z", "state": "partial"}"#]
            )
        ) { $0.tiers[.daily] = RetentionTierRule(count: .limited(2)) },
        WorkedCase(
            "corrupt-newest",
            "a corrupt newest backup fills no slot and stays until a good one follows",
            now: "2026-11-21T03:00:00Z",
            list: WorkedCase.days(
                3,
                to: 20,
                more: [#"{"id": "bad", "takenAt": "2026-11-21T02:00:00Z", "health": "corrupt"}"#]
            )
        ) { $0.tiers[.daily] = RetentionTierRule(count: .limited(2)) },
        WorkedCase(
            "corrupt-followed",
            "a corrupt backup goes once a good one is newer",
            now: "2026-11-21T03:00:00Z",
            list: WorkedCase.days(
                3,
                to: 21,
                more: [#"{"id": "bad", "takenAt": "2026-11-20T23:00:00Z", "health": "corrupt"}"#]
            )
        ) { $0.tiers[.daily] = RetentionTierRule(count: .limited(9)) },
        WorkedCase(
            "suspicious",
            "suspicious backups fill no slot and are kept like failed ones",
            now: "2026-11-21T03:00:00Z",
            list: """
                [{"id": "s4", "takenAt": "2026-11-21T02:00:00Z", "health": "suspicious"}, {"id": "good", "takenAt": "2026-11-01T02:00:00Z"},
                 {"id": "s3", "takenAt": "2026-10-20T02:00:00Z", "health": "suspicious"}, {"id": "s2", "takenAt": "2026-10-19T02:00:00Z", "health": "suspicious"},
                 {"id": "s1", "takenAt": "2026-10-18T02:00:00Z", "health": "suspicious"}, {"id": "run", "takenAt": "2026-11-21T02:59:00Z", "state": "running"},
                 {"id": "f1", "takenAt": "2026-11-20T02:00:00Z", "state": "failed"}]
                """
        ) { $0.last = .limited(1) },
        WorkedCase(
            "hold-on-oldest",
            "a hold on the oldest keeps it, also after its rules have ended, until the hold ends",
            now: "2026-11-21T03:00:00Z",
            list: WorkedCase.days(
                3,
                to: 21,
                more: [
                    #"{"id": "old", "takenAt": "2026-01-01T02:00:00Z", "holds": [{"name": "audit-2026", "until": "2026-12-31T00:00:00Z"}]}"#
                ]
            )
        ) { $0.last = .limited(2) },
        WorkedCase(
            "chain",
            "full, incremental, incremental: the middle one has no rule and is needed",
            now: "2026-11-21T03:00:00Z",
            list: """
                [{"id": "full", "takenAt": "2026-11-18T02:00:00Z"}, {"id": "middle", "takenAt": "2026-11-19T02:00:00Z", "parents": ["full"]},
                 {"id": "newest", "takenAt": "2026-11-20T02:00:00Z", "parents": ["middle"]}, {"id": "other", "takenAt": "2026-11-17T02:00:00Z"}]
                """
        ) {
            $0.last = .limited(1)
            $0.minimumCopies = 0
        },
        WorkedCase(
            "proved",
            "the newest drilled and the newest verified are kept whatever their age",
            now: "2026-11-21T03:00:00Z",
            list: WorkedCase.days(
                2,
                to: 21,
                more: [
                    #"{"id": "verified", "takenAt": "2026-10-01T02:00:00Z", "health": {"verified": "2026-10-02T00:00:00Z"}}"#,
                    #"{"id": "drilled", "takenAt": "2026-09-01T02:00:00Z", "health": "drilled"}"#,
                    #"{"id": "drilled-before", "takenAt": "2026-08-01T02:00:00Z", "health": "drilled"}"#,
                ]
            )
        ) { $0.last = .limited(1) },
        WorkedCase(
            "locked",
            "what the store refuses to delete is skipped, and its lease keeps another",
            now: "2026-11-21T03:00:00Z",
            list: WorkedCase.days(
                1,
                to: 21,
                more: [
                    #"{"id": "locked", "takenAt": "2026-11-01T02:00:00Z", "lockedUntil": "2026-12-01T00:00:00Z"}"#,
                    #"{"id": "leased", "takenAt": "2026-11-02T02:00:00Z", "leaseUntil": "2026-11-21T04:00:00Z"}"#,
                ]
            )
        ) { $0.last = .limited(1) },
    ]

    private static var brakes: [WorkedCase] {
        var back = WorkedCase(
            "clock-back",
            "the clock went back a day since the last run: nothing is deleted",
            now: "2026-11-21T03:00:00Z",
            list: WorkedCase.days(3, to: 21)
        ) { $0.last = .limited(2) }
        back.facts.highWaterMark = UnixMilliseconds(rfc3339: "2026-11-22T03:00:00Z")
        var rest = WorkedCase(
            "all-brakes",
            "every other brake at once",
            now: "2026-11-21T03:00:00Z",
            list: WorkedCase.days(
                9,
                to: 21,
                more: [
                    #"{"id": "ahead", "takenAt": "2027-01-01T00:00:00Z"}"#,
                    #"{"id": "child", "takenAt": "2026-01-01T00:00:00Z", "parents": ["gone"], "group": "children"}"#,
                ]
            )
        ) {
            $0.within = CivilDuration(3, .hours)
            $0.anchor = .now
            $0.confirmPolicyChange = true
        }
        rest.facts = RetentionFacts(
            missingFiles: ["d21"],
            disagreement: "the catalog does not know 2 snapshots of the store",
            policyDigest: "new",
            policyDigestAtLastRun: "old"
        )
        return [back, rest]
    }
}
