import Retention
import Testing

struct CivilDateTests {
    @Test func `days are counted one by one over eight hundred years`() {
        var expected = CivilDate(year: 1599, month: 12, day: 31)
        for number in CivilDate(year: 1600, month: 1, day: 1)
            .dayNumber..<CivilDate(year: 2400, month: 1, day: 1).dayNumber
        {
            expected.day += 1
            if expected.day > CivilDate.dayCount(ofMonth: expected.month, year: expected.year) {
                expected.day = 1
                expected.month += 1
            }
            if expected.month > 12 { (expected.month, expected.year) = (1, expected.year + 1) }
            let date = CivilDate(dayNumber: number)
            if date != expected || date.dayNumber != number { Issue.record("\(number): \(date), not \(expected)") }
        }
        #expect(CivilDate(dayNumber: 0) == CivilDate(year: 1970, month: 1, day: 1))
    }

    @Test func `the week of new year belongs to the year of its Thursday`() {
        #expect(CivilDate(year: 2025, month: 12, day: 30).isoWeek == (2026, 1))
        #expect(CivilDate(year: 2026, month: 1, day: 2).isoWeek == (2026, 1))
        #expect(CivilDate(year: 2020, month: 12, day: 31).isoWeek == (2020, 53))
        #expect(CivilDate(year: 2021, month: 1, day: 3).isoWeek == (2020, 53))
        #expect(CivilDate(year: 2021, month: 1, day: 4).isoWeek == (2021, 1))
        #expect(CivilDate(year: 1969, month: 12, day: 31).isoWeek == (1970, 1))
    }

    @Test func `years outside four digits carry a sign`() {
        #expect("\(CivilDate(year: 12_026, month: 1, day: 2))" == "+12026-01-02")
        #expect("\(CivilDate(year: -44, month: 3, day: 15))" == "-0044-03-15")
        #expect("\(CivilDate(year: 79, month: 10, day: 24))" == "0079-10-24")
    }
}
