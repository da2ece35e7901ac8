/// The fields of an INFO reply: `name:value` lines below `# Section` lines.
package struct InfoText: Hashable, Sendable {
    private var fields: [Substring: Substring] = [:]
    /// The fields in the server's order, for those whose names are not known beforehand (`db0`, `slave0`).
    package private(set) var names: [Substring] = []

    package init(_ text: String) {
        // CR LF is one character: the bytes are split, not the characters.
        for line in text.utf8.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) where line.first != 0x23 {
            guard let colon = line.firstIndex(of: 0x3A) else { continue }
            let name = Substring(line[..<colon])
            if fields.updateValue(Substring(line[line.index(after: colon)...]), forKey: name) == nil {
                names.append(name)
            }
        }
    }

    package subscript(name: Substring) -> String? { fields[name].map { String($0) } }

    package func number(_ name: Substring) -> Int64? { fields[name].flatMap { Int64($0) } }

    package func flag(_ name: Substring) -> Bool? { number(name).map { $0 != 0 } }

    /// A number inside a value of the form `keys=1,expires=2`.
    package func number(_ part: String, in name: Substring) -> UInt64? {
        guard let value = fields[name] else { return nil }
        for item in value.split(separator: ",") {
            let pair = item.split(separator: "=", maxSplits: 1)
            if pair.count == 2, pair[0] == part { return UInt64(pair[1]) }
        }
        return nil
    }
}
