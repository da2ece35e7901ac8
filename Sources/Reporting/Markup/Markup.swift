/// A piece of a page: text that is HTML already, and well-formed as XML, too.
///
/// The only ways to make one escape what they are given, so that no text from outside can become markup.
package struct Markup: Hashable, Sendable {
    private(set) var text: String

    private init(raw text: String) {
        self.text = text
    }

    package static let empty = Self(raw: "")

    /// Text from anywhere, escaped.
    package static func text(_ text: some StringProtocol) -> Self { Self(raw: escaped(text)) }

    /// `<name a="b">children</name>`; without children `<name a="b"/>`, or both tags where HTML wants them.
    ///
    /// Names of elements and attributes are those of our own sources, never text from outside.
    static func element(_ name: StaticString, _ attributes: Attributes = [:], _ children: [Self]) -> Self {
        let name = String(describing: name)
        let start = "<" + name + attributes.text
        if children.isEmpty, Self.voidElements.contains(name) { return Self(raw: start + "/>") }
        return Self(raw: start + ">" + children.lazy.map(\.text).joined() + "</" + name + ">")
    }

    static func element(_ name: StaticString, _ attributes: Attributes = [:], _ children: Self...) -> Self {
        element(name, attributes, children)
    }

    static func element(_ name: StaticString, _ attributes: Attributes = [:], text: some StringProtocol) -> Self {
        element(name, attributes, [.text(text)])
    }

    /// The rules of a style sheet, which are of our own sources.
    static func style(_ rules: String) -> Self {
        precondition(!rules.contains("<") && !rules.contains("&"), "a style sheet must be text of XML as it stands")
        return Self(raw: "<style>\n" + rules + "</style>")
    }

    /// A document type cannot be an element.
    static func document(_ root: Self) -> Self { Self(raw: "<!DOCTYPE html>\n" + root.text + "\n") }

    static func + (left: Self, right: Self) -> Self { Self(raw: left.text + right.text) }

    /// Elements of HTML that have no end tag, and those of SVG that have no content here.
    private static let voidElements: Set<String> = [
        "meta", "br", "hr", "col", "line", "rect", "circle", "path", "polyline", "polygon", "use", "stop",
    ]

    /// For the content of an element and for the value of an attribute in quotation marks.
    ///
    /// What XML 1.0 does not allow at all becomes U+FFFD: a control character would make the whole page unreadable.
    fileprivate static func escaped(_ text: some StringProtocol) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result.append(contentsOf: "&amp;".unicodeScalars)
            case "<": result.append(contentsOf: "&lt;".unicodeScalars)
            case ">": result.append(contentsOf: "&gt;".unicodeScalars)
            case "\"": result.append(contentsOf: "&quot;".unicodeScalars)
            case "'": result.append(contentsOf: "&#39;".unicodeScalars)
            default: result.append(isAllowed(scalar) ? scalar : "\u{FFFD}")
            }
        }
        return String(result)
    }

    /// XML 1.0, production 2, less C1 controls and what turns the direction of a line of text around.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A: true
        case ..<0x20, 0x7F...0x9F, 0xFFFE, 0xFFFF: false
        case 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: false
        default: true
        }
    }
}

/// The attributes of an element, in the order in which they are written.
struct Attributes: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    private(set) var text = ""

    init(dictionaryLiteral elements: (StaticString, String)...) {
        for (name, value) in elements { add(name, value) }
    }

    mutating func add(_ name: StaticString, _ value: String) {
        text += " \(String(describing: name))=\"" + Markup.escaped(value) + "\""
    }

    func adding(_ name: StaticString, _ value: String) -> Self {
        var copy = self
        copy.add(name, value)
        return copy
    }
}
