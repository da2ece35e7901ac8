import Foundation
import FoundationXML
import Reporting
import SnapshotModel
import TestSupport
import Testing

/// The form of pages: well-formed, self-contained, accessible, and proof against text from outside.
struct PageFormTests {
    private static var pages: [(name: String, html: String)] {
        DrillRecord.Result.allCases.map { ("\($0)", DrillPage(SampleDrill(result: $0).content).html) }
            + RepositoryPage.Status.allCases.map {
                ("\($0)", RepositoryPage(SampleRepository(status: $0).content).html)
            }
    }

    /// What an XML parser sees in a page.
    private final class Contents: NSObject, XMLParserDelegate {
        var elements: [(name: String, attributes: [String: String])] = []
        /// The texts of elements that have nothing but text.
        var texts: [String] = []
        private var text = ""

        static func of(_ html: String) throws -> Contents {
            let contents = Contents()
            let parser = XMLParser(data: Data(html.utf8))
            parser.delegate = contents
            guard parser.parse() else {
                throw TestEnvironmentError.failed(
                    "XML",
                    "line \(parser.lineNumber), column \(parser.columnNumber): \(String(describing: parser.parserError))"
                )
            }
            return contents
        }

        func parser(
            _ parser: XMLParser,
            didStartElement name: String,
            namespaceURI: String?,
            qualifiedName: String?,
            attributes: [String: String]
        ) {
            elements.append((name, attributes))
            text = ""
        }

        func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }

        func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
            texts.append(text)
            text = ""
        }
    }

    @Test func `every page is well-formed XML of harmless elements`() throws {
        let harmless: Set = [
            "html", "head", "meta", "title", "style", "body", "main", "header", "footer", "section", "h1", "h2", "h3",
            "p", "ul", "li", "dl", "dt", "dd", "div", "span", "strong", "code", "figure", "figcaption", "table",
            "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "svg", "desc", "g", "line", "rect", "circle",
            "path", "text",
        ]
        for (name, html) in Self.pages {
            let elements = try Contents.of(html).elements
            #expect(elements.count > 100, "\(name)")
            #expect(Set(elements.map(\.name)).subtracting(harmless) == [], "\(name)")
            let attributes = Set(elements.flatMap(\.attributes.keys))
            #expect(!attributes.contains { $0.hasPrefix("on") || $0 == "href" || $0 == "src" || $0 == "style" })
            #expect(!html.contains("url(") && !html.contains("@import"), "\(name)")
            #expect(html.contains("default-src 'none'") || html.contains("default-src &#39;none&#39;"), "\(name)")
        }
    }

    @Test func `ids are unique, drawings have a title and a description, headings of tables their scope`() throws {
        for (name, html) in Self.pages {
            let elements = try Contents.of(html).elements
            let ids = elements.compactMap(\.attributes["id"])
            #expect(Set(ids).count == ids.count, "\(name)")
            let drawings = elements.filter { $0.name == "svg" && $0.attributes["aria-hidden"] == nil }
            #expect(!drawings.isEmpty)
            for drawing in drawings {
                #expect(drawing.attributes["role"] == "img")
                let labels = (drawing.attributes["aria-labelledby"] ?? "").split(separator: " ").map(String.init)
                #expect(labels.count == 2 && Set(labels).isSubset(of: ids), "\(name)")
            }
            for heading in elements where heading.name == "th" {
                #expect(["col", "row"].contains(heading.attributes["scope"]), "\(name)")
            }
            #expect(elements.contains { $0.name == "html" && $0.attributes["lang"] == "en" })
        }
    }

    @Test func `keys and names from outside stay text, whatever bytes they have`() throws {
        var generator = SeededGenerator.fromEnvironment("nasty names", fallback: 11)
        let pieces = [
            "<script>alert(1)</script>", "</title>", "\"", "'", "&amp;", "]]>", "<!--", "\u{202E}", "\0", "\u{1B}[31m",
            "\u{FFFE}", "é", "{", "</style>", "javascript:", "x",
        ]
        func nasty() -> String { (0..<6).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined() }
        for _ in 0..<40 {
            var content = SampleDrill(result: .difference).content
            content.policy = nasty()
            content.snapshot.source.name = nasty()
            content.snapshot.source.serverVersion = nasty()
            content.snapshot.codec = nasty()
            content.snapshot.statistics.types[nasty()] = .init(keyCount: 1, bodyByteCount: 1)
            content.record.reason = nasty()
            content.record.serverVersion = nasty()
            content.record.phases[DrillPhase(rawValue: nasty())] = 5
            content.record.differences[DrillDifferenceKind(rawValue: nasty())] = 5
            content.notCompared = [nasty()]
            content.toolVersion = nasty()
            content.zone = ReportZone(name: nasty(), changes: [])
            let key = generator.bytes(12)
            content.differences = [
                .init(kind: .value, database: 0, key: key, type: nasty(), detail: nasty()),
                .init(kind: .value, database: 0, key: Array("<script>".utf8), type: "string", detail: ""),
            ]
            let html = DrillPage(content).html
            let contents = try Contents.of(html)
            #expect(!contents.elements.contains { $0.name == "script" }, "seed \(generator.seed)")
            #expect(!html.contains("<script"), "seed \(generator.seed)")
            #expect(contents.texts.contains("<script>"), "the key is shown as it is")
            #expect(contents.texts.contains(KeyText.text(key)), "seed \(generator.seed)")
            #expect(contents.elements.count { $0.name == "title" } > 2)
        }
    }

    @Test func `the same content gives the same bytes`() {
        #expect(DrillPage(SampleDrill().content).html == DrillPage(SampleDrill().content).html)
        #expect(RepositoryPage(SampleRepository().content).html == RepositoryPage(SampleRepository().content).html)
        #expect(DrillPage(SampleDrill(seed: 1).content).html != DrillPage(SampleDrill(seed: 2).content).html)
    }

    @Test func `differences are shown up to a bound, and the rest is counted`() throws {
        let content = SampleDrill(result: .difference).content
        let texts = try Contents.of(DrillPage(content).html).texts
        #expect(texts.count { $0.hasPrefix("basket:") } == DrillPage.shownDifferenceCount - 3)
        // 2 missing, 1 value and 61 deadlines, of which 50 are shown.
        #expect(texts.contains("and 14 more; the JSON report has them"))
    }

    @Test func `the verdict is one word and one sentence with age and recovery time against the objectives`() throws {
        func texts(_ result: DrillRecord.Result) throws -> [String] {
            try Contents.of(DrillPage(SampleDrill(result: result).content).html).texts
        }
        #expect(try texts(.pass).contains("Passed"))
        let sentence = try #require(try texts(.pass).first { $0.contains("answered for every key after") })
        #expect(sentence.contains(" old (objective 26 h)") && sentence.hasSuffix("(objective 1 min)."), "\(sentence)")
        #expect(try texts(.difference).contains("Difference found"))
        #expect(try texts(.difference).contains { $0.hasSuffix("is not what its archive holds: 64 differences.") })
        #expect(try texts(.objectiveMissed).contains("Objective missed"))
        #expect(try texts(.objectiveMissed).contains("missed: objective 1 min"))
        #expect(try texts(.inconclusive).contains("Inconclusive"))
        let reason = "No redis-server was found; install one or name it with --server."
        #expect(try texts(.inconclusive).contains(reason))
    }

    @Test func `a drill of an empty snapshot without figures has a page`() throws {
        var manifest = SampleDrill.emptyManifest
        manifest.statistics = SnapshotStatistics()
        let time = SampleDrill.end
        let record = DrillRecord(.pass, engine: .redis, startedAt: time, endedAt: time, rpoMilliseconds: 0)
        let content = DrillPage.Content(
            record: record,
            snapshot: .init(manifest),
            generatedAt: time,
            toolVersion: "test"
        )
        #expect(try Contents.of(DrillPage(content).html).texts.contains("Passed"))
        let empty = RepositoryPage.Content(
            repository: "/r",
            status: .unchecked,
            generatedAt: time,
            toolVersion: "test"
        )
        #expect(try Contents.of(RepositoryPage(empty).html).texts.contains("Not judged"))
    }
}
