/// Lets a parser that stops at the first key that stands twice go on, so that all problems of a file are told at once.
///
/// The first of both is renamed to private-use characters, as many as it had, so that every place stays as it is; the tree
/// gets its own name back.
struct DuplicateKeys {
    /// More than anybody writes by mistake.
    static let mostRenamings = 64

    private var names: [PolicyPlace: String] = [:]

    /// The text with the key at this place renamed; nil if that cannot be done, and the parser's word must do.
    mutating func rename(_ duplicates: [String], at place: PolicyPlace, in text: String) -> String? {
        guard names.count < Self.mostRenamings, names[place] == nil else { return nil }
        var scalars = Array(text.unicodeScalars)
        guard var start = Self.offset(of: place, in: scalars) else { return nil }
        if start < scalars.count, scalars[start] == "\"" || scalars[start] == "'" { start += 1 }
        let name = duplicates.first { name in
            !name.isEmpty && scalars[start...].starts(with: name.unicodeScalars)
        }
        guard let name, let mark = Unicode.Scalar(0xE000 + UInt32(names.count)) else { return nil }
        for index in start..<(start + name.unicodeScalars.count) { scalars[index] = mark }
        names[place] = name
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    /// What stood at this place before.
    func original(at place: PolicyPlace) -> String? { names[place] }

    private static func offset(of place: PolicyPlace, in scalars: [Unicode.Scalar]) -> Int? {
        var line = 1
        var index = 0
        while line < place.line, index < scalars.count {
            if scalars[index] == "\r", index + 1 < scalars.count, scalars[index + 1] == "\n" { index += 1 }
            if ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"].contains(scalars[index]) { line += 1 }
            index += 1
        }
        let offset = index + place.column - 1
        return line == place.line && offset < scalars.count ? offset : nil
    }
}
