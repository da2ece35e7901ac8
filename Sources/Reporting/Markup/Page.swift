/// The frame of every report: one file, without scripts and without anything that is fetched.
struct Page {
    /// What the browser shows in its tab, and the heading above the verdict.
    var title: String
    var subtitle: String
    var verdict: Verdict
    var sections: [Markup]
    /// When it was written, and by what.
    var footer: [String]

    var html: String {
        Markup.document(
            .element(
                "html",
                ["xmlns": "http://www.w3.org/1999/xhtml", "lang": "en"],
                .element("head", [:], head),
                .element("body", [:], .element("main", [:], [header, verdict.banner] + sections + [colophon]))
            )
        ).text
    }

    /// The policy forbids whatever a page could load or run: what got past the escaping would still do nothing.
    private var head: [Markup] {
        [
            .element("meta", ["charset": "utf-8"]),
            .element("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
            .element("meta", ["name": "color-scheme", "content": "light dark"]),
            .element("meta", ["name": "referrer", "content": "no-referrer"]),
            .element(
                "meta",
                [
                    "http-equiv": "Content-Security-Policy",
                    "content": "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'",
                ]
            ),
            .element("title", [:], text: verdict.word + ": " + title),
            StyleSheet.markup,
        ]
    }

    private var header: Markup {
        .element(
            "header",
            [:],
            .element("p", ["class": "brand"], text: "rewarm"),
            .element("h1", [:], text: title),
            .element("p", ["class": "subtitle"], text: subtitle)
        )
    }

    private var colophon: Markup {
        .element("footer", [:], footer.map { .element("p", [:], text: $0) })
    }
}

/// What a report comes to, before any detail.
struct Verdict: Hashable, Sendable {
    /// The colour says nothing that the word does not say.
    enum Tone: String, CaseIterable, Hashable, Sendable {
        case good
        case bad
        case warning
        case neutral
    }

    var tone: Tone
    /// One or two words: "Passed".
    var word: String
    /// One sentence.
    var sentence: String
    /// What else is to be said at once, a sentence each.
    var details: [String] = []

    var banner: Markup {
        .element(
            "section",
            ["class": "verdict \(tone.rawValue)", "aria-label": "Verdict"],
            [
                .element("p", ["class": "word"], text: word), .element("p", ["class": "sentence"], text: sentence),
            ] + details.map { .element("p", ["class": "detail"], text: Self.sentence($0)) }
        )
    }

    /// With a capital letter and a full stop, whether the text has them or not.
    private static func sentence(_ text: String) -> String {
        let start = text.prefix(1).uppercased() + text.dropFirst()
        return ".!?".contains(text.last ?? ".") ? start : start + "."
    }
}

/// A part of a page with a heading.
struct Section {
    /// The anchor; of our own sources.
    var id: String
    var title: String
    /// What is to be seen in it, in a sentence or two.
    var lead: String?
    var content: [Markup]

    var markup: Markup {
        let heading = Markup.element("h2", [:], text: title)
        let lead = lead.map { [Markup.element("p", ["class": "lead"], text: $0)] } ?? []
        return .element("section", ["id": id], [heading] + lead + content)
    }
}
