import Foundation
import Reporting
import SnapshotModel
import TestSupport
import Testing

/// Pages as a browser shows them: in light, in dark, on a phone, on paper.
///
/// With REWARM_REPORT_SAMPLES naming a directory the pages and their pictures are left there, to be looked at.
struct BrowserTests {
    private struct Sample {
        var name: String
        var html: String
        var verdict: String
    }

    private static var samples: [Sample] {
        let light = Palette.light
        return [
            Sample(name: "drill-pass", html: drill(.pass), verdict: light.good),
            Sample(name: "drill-difference", html: drill(.difference), verdict: light.bad),
            Sample(name: "drill-objective", html: drill(.objectiveMissed), verdict: light.warning),
            Sample(name: "drill-inconclusive", html: drill(.inconclusive), verdict: light.neutral),
            Sample(name: "repository", html: RepositoryPage(SampleRepository().content).html, verdict: light.warning),
        ]
    }

    private static func drill(_ result: DrillRecord.Result) -> String {
        DrillPage(SampleDrill(result: result).content).html
    }

    private static func withBrowser(_ body: (Browser, TemporaryDirectory) throws -> Void) async throws {
        let directory = try TemporaryDirectory()
        let browser = try Browser()
        do {
            try body(browser, directory)
            await browser.close()
        } catch {
            await browser.close()
            throw error
        }
    }

    private static func keep(_ data: Data, _ name: String) throws {
        guard let directory = ProcessInfo.processInfo.environment["REWARM_REPORT_SAMPLES"] else { return }
        try data.write(to: URL(fileURLWithPath: directory + "/" + name))
    }

    @Test func `a page renders in light, in dark and on a phone, quietly and by itself`() async throws {
        try await Self.withBrowser { browser, directory in
            for sample in Self.samples {
                try directory.write(sample.html, to: "page.html")
                try Self.keep(Data(sample.html.utf8), sample.name + ".html")
                for (width, isDark) in [(1000, false), (1000, true), (320, false), (320, true)] {
                    let name = "\(sample.name)-\(width)-\(isDark ? "dark" : "light")"
                    let conduct = try browser.open(directory.path("page.html"), width: width, isDark: isDark)
                    #expect(conduct == Browser.Conduct(), "\(name)")
                    #expect(try browser.number("document.documentElement.scrollWidth") <= Double(width), "\(name)")
                    let box = "document.querySelector('.verdict').getBoundingClientRect()"
                    let left = Int(try browser.number(box + ".left")) + 12
                    let top = Int(try browser.number(box + ".top")) + 8
                    let picture = try browser.screenshot()
                    try Self.keep(picture, name + ".png")
                    let colours = try browser.colours(of: picture, at: [(left, top), (1, 1)])
                    let palette = isDark ? Palette.dark : Palette.light
                    #expect(colours.pixels == [sample.verdict, palette.canvas], "\(name)")
                    #expect(colours.count > 40, "text and charts have many shades: \(name)")
                }
            }
        }
    }

    @Test func `on a phone a wide table scrolls, and the page shows the narrow drawings`() async throws {
        try await Self.withBrowser { browser, directory in
            try directory.write(Self.drill(.difference), to: "page.html")
            let scrolls = "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth).length"
            let shown =
                "[...document.querySelectorAll('svg.%')].filter(e => e.getBoundingClientRect().width > 0).length"
            for (width, style, other) in [(320, "narrow", "wide"), (1000, "wide", "narrow")] {
                _ = try browser.open(directory.path("page.html"), width: width)
                #expect(try browser.number(scrolls) > 0 || width == 1000)
                #expect(try browser.number(shown.replacing("%", with: style)) >= 5)
                #expect(try browser.number(shown.replacing("%", with: other)) == 0)
            }
        }
    }

    @Test func `on paper the page is light, whole and as wide as the sheet`() async throws {
        try await Self.withBrowser { browser, directory in
            for sample in Self.samples {
                try directory.write(sample.html, to: "page.html")
                // A4 less its margins, in CSS pixels.
                _ = try browser.open(directory.path("page.html"), width: 695, isDark: true, isPrint: true)
                #expect(try browser.number("document.documentElement.scrollWidth") <= 695, "\(sample.name)")
                let ink = try browser.evaluate("getComputedStyle(document.body).color") as? String
                #expect(ink == "rgb(23, 32, 44)", "\(sample.name)")
                let pdf = try browser.pdf()
                try Self.keep(pdf, sample.name + ".pdf")
                #expect(pdf.starts(with: Array("%PDF-".utf8)) && pdf.count > 10_000, "\(sample.name)")
            }
        }
    }

    @Test func `the checks see a script, a request and a page that is too wide`() async throws {
        try await Self.withBrowser { browser, directory in
            let html = """
                <!DOCTYPE html><html><body><div style="width: 900px">x</div><script>console.error("x")</script>
                <img src="http://127.0.0.1:9/x.png"/></body></html>
                """
            try directory.write(html, to: "page.html")
            let conduct = try browser.open(directory.path("page.html"), width: 320)
            #expect(conduct.requests.contains("http://127.0.0.1:9/x.png"))
            #expect(!conduct.complaints.isEmpty)
            #expect(try browser.number("document.documentElement.scrollWidth") > 320)
            // The policy of our pages would have stopped both.
            let policy = try #require(Self.drill(.pass).firstMatch(of: /<meta http-equiv=[^>]*>/)).output
            try directory.write(html.replacing("<body>", with: "<head>\(policy)</head><body>"), to: "page.html")
            let stopped = try browser.open(directory.path("page.html"), width: 320)
            #expect(stopped.requests == [] && !stopped.complaints.isEmpty)
        }
    }
}
