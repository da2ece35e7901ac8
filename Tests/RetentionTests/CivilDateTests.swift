import Retention
import Testing

struct CivilDateTests {
    @Test func `the week of new year belongs to the year of its Thursday`() {
        #expect(CivilDate(year: 2025, month: 12, day: 30).isoWeek == (2026, 1))
        #expect(CivilDate(year: 2026, month: 1, day: 2).isoWeek == (2026, 1))
        #expect(CivilDate(year: 2020, month: 12, day: 31).isoWeek == (2020, 53))
        #expect(CivilDate(year: 2021, month: 1, day: 3).isoWeek == (2020, 53))
        #expect(CivilDate(year: 2021, month: 1, day: 4).isoWeek == (2021, 1))
    }
}
