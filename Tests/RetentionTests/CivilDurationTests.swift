import Retention
import Testing

struct CivilDurationTests {
    @Test(arguments: ["36h", "7d", "4w", "12mo", "1y", "30min", "1y6mo", "1y2mo3w4d5h6min", "0d"])
    func `a duration prints as it was written`(text: String) throws {
        #expect("\(try CivilDuration(parsing: text))" == text)
    }

    @Test func `units may come in any order and are printed from long to short`() throws {
        #expect("\(try CivilDuration(parsing: "6h1y"))" == "1y6h")
    }

    @Test(
        arguments: [
            ("", "is empty"), ("7", "has a number without a unit"), ("d", "does not begin with a number"),
            ("7m", "has the unit 'm', which could be minutes or months"), ("-7d", "does not begin with a number"),
            ("7 d", "has the unknown unit ' d'"), ("7D", "has the unknown unit 'D'"),
            ("1.5h", "has the unknown unit '.'"),
            ("7days", "has the unknown unit 'days'"), ("1d2d", "names the unit 'd' twice"),
            ("10s", "has the unit 's', too short for this place"),
            ("99999999999d", "has a number that is too large"),
            ("99999999999999999999d", "has a number that is too large"),
            ("1d ", "has the unknown unit 'd '"), ("١d", "does not begin with a number"),
        ]
    )
    func `a text that is no duration is refused with the reason`(text: String, problem: String) {
        let error = #expect(throws: CivilDuration.ParseProblem.self) { try CivilDuration(parsing: text) }
        #expect(error?.problem == problem)
        #expect(error?.hint.isEmpty == false)
    }

    @Test func `a bare m is met with both things that it could mean`() {
        let error = #expect(throws: CivilDuration.ParseProblem.self) { try CivilDuration(parsing: "7m") }
        #expect(error?.hint == "write 'min' for minutes or 'mo' for months")
    }

    @Test func `seconds and milliseconds are for time-outs only`() throws {
        #expect(try CivilDuration(parsing: "1min30s5ms", units: .precise).fixedMilliseconds == 90_005)
        #expect(try CivilDuration(parsing: "1d", units: .precise).fixedMilliseconds == 86_400_000)
        #expect(try CivilDuration(parsing: "1mo").fixedMilliseconds == nil)
        let most = "9999999999w9999999999d9999999999h9999999999min9999999999s9999999999ms"
        #expect(try CivilDuration(parsing: most, units: .precise).fixedMilliseconds == 6_948_610_009_305_138_999)
    }
}
