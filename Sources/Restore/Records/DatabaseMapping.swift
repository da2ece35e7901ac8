/// `--database SRC[:DST]`: one database of the snapshot, and the target's database that its keys go to.
package struct DatabaseMapping: Hashable, Sendable, CustomStringConvertible {
    package let source: UInt32
    package let destination: UInt32

    package init(source: UInt32, destination: UInt32) {
        self.source = source
        self.destination = destination
    }

    /// `3` or `3:5`; nil if it is neither.
    package init?(_ text: String) {
        let numbers = text.split(separator: ":", omittingEmptySubsequences: false).map { UInt32($0) }
        switch numbers.count {
        case 1:
            guard let only = numbers[0] else { return nil }
            self.init(source: only, destination: only)
        case 2:
            guard let source = numbers[0], let destination = numbers[1] else { return nil }
            self.init(source: source, destination: destination)
        default: return nil
        }
    }

    package var description: String { source == destination ? "\(source)" : "\(source):\(destination)" }

    /// What makes a set of mappings senseless: a source named twice, or two sources that would be merged into one
    /// destination, where the keys of one would replace those of the other.
    ///
    /// nil if all is well.
    package static func contradiction(in mappings: [Self]) -> String? {
        var sources: Set<UInt32> = []
        var destinations: Set<UInt32> = []
        for mapping in mappings {
            guard sources.insert(mapping.source).inserted else {
                return "database \(mapping.source) of the snapshot is named twice"
            }
            guard destinations.insert(mapping.destination).inserted else {
                return "two databases of the snapshot would be merged into database \(mapping.destination)"
            }
        }
        return nil
    }
}
