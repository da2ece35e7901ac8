/// Files whose aliases of aliases would grow beyond all bounds before anything can be said about them.
///
/// Yams puts what an anchor names in the place of every alias and compares keys by content, so a few lines could keep it
/// busy for years. Anchors are refused anyway; a file with many is refused before it is composed.
enum AliasFlood {
    private static let most = 16

    /// The first anchor, if there are more aliases than a policy could have by mistake.
    static func place(in text: String) -> PolicyPlace? {
        let anchors = text.matches(of: /(?:^|[\s\[{,])(&[A-Za-z0-9_-])/)
        guard let first = anchors.first, text.matches(of: /(?:^|[\s\[{,])\*[A-Za-z0-9_-]/).count > most else {
            return nil
        }
        let before = text[..<first.output.1.startIndex]
        let line = before.split(separator: "\n", omittingEmptySubsequences: false)
        return PolicyPlace(line: line.count, column: (line.last?.unicodeScalars.count ?? 0) + 1)
    }
}
