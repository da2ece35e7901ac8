/// What somebody may have meant who wrote a word that is not known.
enum NearestName {
    /// The known word with the fewest changed, added, dropped or swapped letters; nil if none is close.
    ///
    /// `min_keys` and `minKeys` are as good as `min-keys`, and so is the beginning of only one word.
    static func of(_ word: String, in known: some Sequence<String>) -> String? {
        let known = Array(known)
        if let same = known.first(where: { $0 == word.lowercased() }) { return same }
        let plain = normalized(word)
        let longer = known.filter { plain.count > 2 && $0.hasPrefix(plain) }
        if longer.count == 1 { return longer[0] }
        let candidates = known.map { ($0, distance(plain, normalized($0))) }
        guard let best = candidates.min(by: { ($0.1, $0.0) < ($1.1, $1.0) }) else { return nil }
        return best.1 <= max(1, min(word.count, best.0.count) / 3) ? best.0 : nil
    }

    /// Lower case, with the hyphens of the policy's own keys.
    static func normalized(_ word: String) -> String {
        var text = ""
        for character in word.prefix(64) {
            if character.isUppercase, let last = text.last, last != "-" { text += "-" }
            text += character == "_" || character == " " ? "-" : character.lowercased()
        }
        return text
    }

    /// Damerau's distance: two neighbours that changed places count as one mistake.
    static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left), Array(right))
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let isSame = left[row] == right[column]
                var best = min(previous[column + 1] + 1, current[column] + 1, previous[column] + (isSame ? 0 : 1))
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    best = min(best, beforePrevious[column - 1] + 1)
                }
                current.append(best)
            }
            (beforePrevious, previous) = (previous, current)
        }
        return previous[right.count]
    }
}
