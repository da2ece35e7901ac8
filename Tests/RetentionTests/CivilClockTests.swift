import Foundation
import Retention
import SnapshotModel
import TestSupport
import Testing

struct CivilClockTests {
    /// Every hour of 2025 to 2027; by default every hour of the days around the changes of clocks, and one day in nine.
    @Test(arguments: RandomCase.zones) func `every hour of three years reads as Foundation reads it`(
        name: String
    ) throws {
        let zone = try #require(CivilZone(identifier: name))
        let foundation = try #require(TimeZone(identifier: name))
        var calendar = Calendar(identifier: .iso8601)
        calendar.timeZone = foundation
        var clock = CivilClock(zone)
        let begin: Int64 = 1_735_689_600
        var checked = 0
        for hour in Int64(0)..<3 * 365 * 24 {
            let second = begin + hour * 3600
            let date = Date(timeIntervalSince1970: Double(second))
            let offset = Int64(foundation.secondsFromGMT(for: date))
            let isNearChange = offset != Int64(foundation.secondsFromGMT(for: date.addingTimeInterval(86_400)))
            let instant = UnixMilliseconds(second * 1000)
            try #require(clock.offset(at: instant) == offset, "\(name) \(instant)")
            guard TestExtent.isSoak || isNearChange || hour / 24 % 9 == 0 else { continue }
            let time = clock.wallTime(at: instant)
            let parts = calendar.dateComponents(
                [.year, .month, .day, .hour, .minute, .weekOfYear, .yearForWeekOfYear],
                from: date
            )
            let week = time.date.isoWeek
            let own = [Int(time.date.year), time.date.month, time.date.day, Int(time.hour), Int(week.year), week.week]
            let theirs = [parts.year, parts.month, parts.day, parts.hour, parts.yearForWeekOfYear, parts.weekOfYear]
            try #require(own == theirs.compactMap(\.self), "\(name) \(instant)")
            // And back: the same instant, or the earlier one that shows the same time.
            let back = clock.instant(of: time.date, millisecondOfDay: time.millisecondOfDay)
            try #require(back <= instant && clock.wallTime(at: back).date == time.date)
            try #require(clock.wallTime(at: back).millisecondOfDay == time.millisecondOfDay)
            checked += 1
        }
        #expect(checked >= TestExtent.count(bounded: 2900, whole: 26_280))
    }

    @Test func `no zone changes its clocks twice within a day of UTC`() throws {
        let names = TimeZone.knownTimeZoneIdentifiers.sorted()
        #expect(names.count > 300)
        let step = TestExtent.count(bounded: 17, whole: 1)
        for index in stride(from: 0, to: names.count, by: step) {
            let zone = try #require(TimeZone(identifier: names[index]))
            let own = try #require(CivilZone(identifier: names[index]))
            var clock = CivilClock(own)
            var date = Date(timeIntervalSince1970: -2_208_988_800)
            // Every change from 1900 on, both sides of it.
            while let change = zone.nextDaylightSavingTimeTransition(after: date),
                change.timeIntervalSince1970 < 2_200_000_000
            {
                for second in [-1.0, 0, 1, 3599, 3600] {
                    let instant = change.addingTimeInterval(second)
                    let milliseconds = UnixMilliseconds(Int64(instant.timeIntervalSince1970.rounded()) * 1000)
                    let offset = Int64(zone.secondsFromGMT(for: instant))
                    #expect(clock.offset(at: milliseconds) == offset, "\(names[index]) \(milliseconds)")
                }
                date = change
            }
        }
    }

    @Test func `a skipped time moves forward and a repeated one is the earlier`() throws {
        let zone = try #require(CivilZone(identifier: "Europe/Rome"))
        var clock = CivilClock(zone)
        func instant(_ month: Int, _ day: Int, _ hour: Int64, _ minute: Int64) -> String {
            let date = CivilDate(year: 2026, month: month, day: day)
            return "\(clock.instant(of: date, millisecondOfDay: (hour * 60 + minute) * 60_000))"
        }
        #expect(instant(3, 29, 1, 59) == "2026-03-29T00:59:00.000Z")
        // 02:30 does not exist; it is read as 03:30.
        #expect(instant(3, 29, 2, 30) == "2026-03-29T01:30:00.000Z")
        #expect(instant(3, 29, 3, 0) == "2026-03-29T01:00:00.000Z")
        #expect(instant(10, 25, 2, 30) == "2026-10-25T00:30:00.000Z")
        #expect(instant(10, 25, 3, 0) == "2026-10-25T02:00:00.000Z")
    }

    @Test func `a day that the date line skipped moves forward as a whole`() throws {
        let zone = try #require(CivilZone(identifier: "Pacific/Apia"))
        var clock = CivilClock(zone)
        let skipped = clock.instant(of: CivilDate(year: 2011, month: 12, day: 30), millisecondOfDay: 43_200_000)
        #expect(clock.wallTime(at: skipped).date == CivilDate(year: 2011, month: 12, day: 31))
        #expect(clock.wallTime(at: skipped).hour == 12)
    }

    @Test func `subtraction clamps to the end of the month and keeps the wall time over a change of clocks`() throws {
        let zone = try #require(CivilZone(identifier: "Europe/Rome"))
        var clock = CivilClock(zone)
        func less(_ duration: String, _ text: String) throws -> String {
            let instant = try #require(UnixMilliseconds(rfc3339: text))
            return "\(clock.subtract(try CivilDuration(parsing: duration), from: instant))"
        }
        #expect(try less("1mo", "2026-03-31T10:00:00Z") == "2026-02-28T11:00:00.000Z")
        #expect(try less("1mo", "2024-03-31T10:00:00Z") == "2024-02-29T11:00:00.000Z")
        #expect(try less("1y", "2024-02-29T10:00:00Z") == "2023-02-28T10:00:00.000Z")
        // Months first: 31 May less a month is 30 April, less a day is the 29th.
        #expect(try less("1mo1d", "2026-05-31T10:00:00Z") == "2026-04-29T10:00:00.000Z")
        #expect(try less("1d", "2026-03-29T10:00:00Z") == "2026-03-28T11:00:00.000Z")
        #expect(try less("24h", "2026-03-29T10:00:00Z") == "2026-03-28T10:00:00.000Z")
    }

    @Test(arguments: RandomCase.zones) func `subtraction is that of the naive model`(name: String) throws {
        var generator = SeededGenerator.fromEnvironment("subtraction in \(name)", fallback: 0x5B)
        var policy = RetentionPolicy()
        policy.timeZone = name
        let model = NaiveModel(policy: policy, now: 0)
        var clock = CivilClock(try #require(CivilZone(identifier: name)))
        for _ in 0..<TestExtent.count(bounded: 300, whole: 20_000) {
            let instant = Int64.random(in: 0...2_000_000_000, using: &generator) * 1000
            let duration = RandomCase.duration(&generator)
            let own = clock.subtract(duration, from: UnixMilliseconds(instant)).rawValue
            try #require(own == model.minus(duration, instant), "\(name) \(instant) \(duration)")
        }
    }

    @Test func `nothing overflows in the year 9999, before 1970 and at the ends of 64 bits`() throws {
        let durations = ["1min", "9999999999h", "7d", "9999999999d", "1mo", "9999999999mo", "9999y", "9999999999y"]
        let texts = [
            "9999-12-31T23:59:59.999Z", "0000-01-01T00:00:00Z", "1883-11-18T12:00:00Z", "1969-12-31T23:59:59.999Z",
        ]
        let instants =
            try texts.map { try #require(UnixMilliseconds(rfc3339: $0)) } + [
                UnixMilliseconds(.min), UnixMilliseconds(.max),
            ]
        for name in RandomCase.zones {
            var clock = CivilClock(try #require(CivilZone(identifier: name)))
            for instant in instants {
                let time = clock.wallTime(at: instant)
                #expect((0..<86_400_000).contains(time.millisecondOfDay))
                for tier in RetentionTier.allCases { #expect(!"\(BucketKey(tier, time))".isEmpty) }
                for duration in durations {
                    #expect(clock.subtract(try CivilDuration(parsing: duration), from: instant) <= instant)
                }
            }
        }
    }

    @Test(arguments: [
        "", "local", "Europe/Atlantis", "GMT+2", "+02:00", "europe/rome", "Z", "/etc/localtime", "../UTC",
    ])
    func `only names of the database are zones`(name: String) {
        #expect(CivilZone(identifier: name) == nil)
    }

    @Test func `old names of zones are accepted and the data has a version`() {
        for name in ["UTC", "Asia/Calcutta", "Europe/Kiev", "US/Pacific", "America/Argentina/Ushuaia"] {
            #expect(CivilZone(identifier: name) != nil, "\(name)")
        }
        #expect(CivilZone.dataVersion.contains(/20\d\d[a-z]/))
    }
}
