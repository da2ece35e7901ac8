import SnapshotModel

/// Text from outside made safe for a terminal.
enum Printable {
    /// Replaces control characters by `?`, so that stored names and server messages cannot steer the terminal.
    static func text(_ text: String, keepingLineFeeds: Bool = false) -> String {
        guard !isPlain(text), text.unicodeScalars.contains(where: isControl) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isKept = !isControl(scalar) || (keepingLineFeeds && scalar == "\n")
            result.append(isKept ? scalar : "?")
        }
        return String(result)
    }

    /// Whether a text is printable ASCII throughout, as nearly all are: one column a byte.
    static func isPlain(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in bytes.allSatisfy { 0x20 <= $0 && $0 <= 0x7E } }
    }

    /// Replaces the password of every URL in a text by `***`, also where the URL is malformed.
    static func withoutPasswords(_ text: String) -> String {
        var result = ""
        var rest = Substring(text)
        while let scheme = rest.firstRange(of: "://") {
            result += rest[..<scheme.upperBound]
            rest = rest[scheme.upperBound...]
            let word = rest.prefix { !$0.isWhitespace }
            guard let at = word.lastIndex(of: "@") else { continue }
            let user = word[..<at].prefix { $0 != ":" }
            result += user + (user.endIndex < at ? ":***" : "")
            rest = rest[at...]
        }
        return result + rest
    }

    /// C0, DEL and C1.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }

    /// A key as text: as it is where that is safe and unambiguous, else quoted the way redis-cli does.
    static func key(_ bytes: some Sequence<UInt8>) -> String { KeyText.text(bytes) }

    static func quoted(_ bytes: some Sequence<UInt8>) -> String { KeyText.quoted(bytes) }
}
