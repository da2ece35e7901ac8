import NIOCore
package import RDB
import SnapshotModel

/// What differs between two values of the same type, in words; pure.
///
/// For a second look at a key that is known to differ.
package struct ElementDifference: Hashable, Sendable {
    package enum Aspect: Hashable, Sendable {
        case value
        /// Only deadlines of a hash's fields.
        case fieldDeadlines
        /// Only groups of a stream, their consumers and pending entries.
        case groups
    }

    package var aspect: Aspect
    /// Without names and values of the keys' contents but those of groups: "2 members are missing".
    package var words: String

    /// nil if nothing differs.
    package init?(left: [RDBElement], right: [RDBElement], of kind: RDBElement.Kind) {
        let found: Self? =
            switch kind {
            case .string: Self.strings(left, right)
            case .list: Self.lists(left, right)
            case .set: Self.sets(left, right)
            case .sortedSet: Self.sortedSets(left, right)
            case .hash: Self.hashes(left, right)
            case .stream: Self.streams(left, right)
            }
        guard let found else { return nil }
        self = found
    }

    private init(_ aspect: Aspect, _ words: String) {
        (self.aspect, self.words) = (aspect, words)
    }

    private static func strings(_ left: [RDBElement], _ right: [RDBElement]) -> Self? {
        let (left, right) = (bytes(left), bytes(right))
        guard left != right else { return nil }
        guard left.readableBytes == right.readableBytes else {
            return Self(.value, "\(left.readableBytes) bytes became \(right.readableBytes)")
        }
        let pairs = zip(left.readableBytesView, right.readableBytesView)
        let first = pairs.enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? 0
        return Self(
            .value,
            "\(count(pairs.count { $0 != $1 }, "byte")) of \(left.readableBytes) changed, the first at \(first)"
        )
    }

    private static func bytes(_ elements: [RDBElement]) -> ByteBuffer {
        elements.reduce(into: ByteBuffer()) { sum, element in
            if case .stringPart(let part) = element { sum.writeImmutableBuffer(part) }
        }
    }

    private static func lists(_ left: [RDBElement], _ right: [RDBElement]) -> Self? {
        let (left, right) = (items(left), items(right))
        guard left != right else { return nil }
        guard left.count == right.count else { return Self(.value, "\(left.count) items became \(right.count)") }
        let first = zip(left, right).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? 0
        let changed = zip(left, right).count { $0 != $1 }
        return Self(.value, "\(count(changed, "item")) of \(left.count) changed, the first at \(first)")
    }

    private static func items(_ elements: [RDBElement]) -> [ByteBuffer] {
        elements.compactMap { if case .item(let item) = $0 { item } else { nil } }
    }

    private static func sets(_ left: [RDBElement], _ right: [RDBElement]) -> Self? {
        let (left, right) = (Set(items(left)), Set(items(right)))
        return membership(missing: left.subtracting(right).count, extra: right.subtracting(left).count, "member")
    }

    private static func membership(missing: Int, extra: Int, changed: Int = 0, _ noun: String) -> Self? {
        let parts = [(missing, "missing"), (extra, "too many"), (changed, "changed")].filter { $0.0 > 0 }
        guard !parts.isEmpty else { return nil }
        return Self(.value, parts.map { "\(count($0.0, noun)) \($0.1)" }.joined(separator: ", "))
    }

    private static func sortedSets(_ left: [RDBElement], _ right: [RDBElement]) -> Self? {
        let (left, right) = (scores(left), scores(right))
        return membership(
            missing: left.keys.count { right[$0] == nil },
            extra: right.keys.count { left[$0] == nil },
            changed: left.count { member, score in right[member].map { $0 != score } ?? false },
            "member"
        )
    }

    private static func scores(_ elements: [RDBElement]) -> [ByteBuffer: Double] {
        elements.reduce(into: [:]) { scores, element in
            if case .scored(let member, let score) = element { scores[member] = score }
        }
    }

    private struct Field {
        var value: ByteBuffer
        var expiry: Expiry
    }

    private static func hashes(_ left: [RDBElement], _ right: [RDBElement]) -> Self? {
        let (left, right) = (fields(left), fields(right))
        let contents = membership(
            missing: left.keys.count { right[$0] == nil },
            extra: right.keys.count { left[$0] == nil },
            changed: left.count { name, field in right[name].map { $0.value != field.value } ?? false },
            "field"
        )
        if let contents { return contents }
        let pairs = left.compactMap { name, field in right[name].map { (field.expiry, $0.expiry) } }
        let dropped = pairs.count { $0 != .never && $1 == .never }
        let added = pairs.count { $0 == .never && $1 != .never }
        let moved = pairs.count { $0 != .never && $1 != .never && $0 != $1 }
        let parts = [(dropped, "dropped"), (added, "too many"), (moved, "moved")].filter { $0.0 > 0 }
        guard !parts.isEmpty else { return nil }
        let words = parts.map { "\(count($0.0, "deadline")) of fields \($0.1)" }.joined(separator: ", ")
        return Self(.fieldDeadlines, words)
    }

    private static func fields(_ elements: [RDBElement]) -> [ByteBuffer: Field] {
        elements.reduce(into: [:]) { fields, element in
            if case .field(let name, let value, let expiry) = element {
                fields[name] = Field(value: value, expiry: expiry)
            }
        }
    }

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}

extension ElementDifference {
    private static func streams(_ left: [RDBElement], _ right: [RDBElement]) -> Self? {
        let (own, other) = (entries(left), entries(right))
        let contents = membership(
            missing: own.keys.count { other[$0] == nil },
            extra: other.keys.count { own[$0] == nil },
            changed: own.count { id, fields in other[id].map { !$0.elementsEqual(fields, by: ==) } ?? false },
            "entry"
        )
        if let contents { return Self(.value, contents.words.replacing("entrys", with: "entries")) }
        guard let own = end(left), let other = end(right) else { return nil }
        if let words = groups(own.groups, other.groups) { return Self(.groups, words) }
        if own.lastID != other.lastID { return Self(.value, "the last id \(own.lastID) became \(other.lastID)") }
        let counters: [(String, String?, String?)] = [
            ("entries added", own.entriesAdded.map(String.init), other.entriesAdded.map(String.init)),
            ("largest deleted id", own.maximalDeletedID?.description, other.maximalDeletedID?.description),
            ("first id", own.firstID?.description, other.firstID?.description),
        ]
        for (name, own, other) in counters {
            if let own, let other, own != other { return Self(.value, "\(name): \(own) became \(other)") }
        }
        return nil
    }

    private static func entries(
        _ elements: [RDBElement]
    ) -> [StreamValue.ID: [(name: ByteBuffer, value: ByteBuffer)]] {
        elements.reduce(into: [:]) { entries, element in
            if case .streamEntry(let id, let fields) = element { entries[id] = fields }
        }
    }

    private static func end(_ elements: [RDBElement]) -> StreamValue? {
        for case .streamEnd(let stream) in elements { return stream }
        return nil
    }

    /// The first thing that differs, by the names of the groups.
    private static func groups(_ left: [StreamValue.Group], _ right: [StreamValue.Group]) -> String? {
        let own = Dictionary(left.map { ($0.name, $0) }) { first, _ in first }
        let others = Dictionary(right.map { ($0.name, $0) }) { first, _ in first }
        let names = Set(own.keys).union(others.keys).sorted { text($0) < text($1) }
        for name in names {
            switch (own[name], others[name]) {
            case (.some, nil): return "consumer group '\(text(name))' is missing"
            case (nil, .some): return "consumer group '\(text(name))' is one too many"
            case (let group?, let other?):
                if let words = self.group(group, other) { return "consumer group '\(text(name))': " + words }
            case (nil, nil): continue
            }
        }
        return nil
    }

    private static func group(_ left: StreamValue.Group, _ right: StreamValue.Group) -> String? {
        if left.lastDelivered != right.lastDelivered {
            return "its last delivered id \(left.lastDelivered) became \(right.lastDelivered)"
        }
        let (own, others) = (owners(left), owners(right))
        let moved = own.filter { id, consumer in others[id].map { $0 != consumer } ?? false }.keys.min()
        if let moved, let from = own[moved], let to = others[moved] {
            return "pending entry \(moved) moved from consumer '\(text(from))' to '\(text(to))'"
        }
        let (pending, otherPending) = (Set(left.pending.map(\.id)), Set(right.pending.map(\.id)))
        if let lost = pending.subtracting(otherPending).min() { return "pending entry \(lost) is missing" }
        if let extra = otherPending.subtracting(pending).min() { return "pending entry \(extra) is one too many" }
        let (consumers, otherConsumers) = (Set(left.consumers.map(\.name)), Set(right.consumers.map(\.name)))
        if consumers != otherConsumers { return "\(consumers.count) consumers became \(otherConsumers.count)" }
        if let own = left.entriesRead, let other = right.entriesRead, own != other {
            return "entries read: \(own) became \(other)"
        }
        let details = Dictionary(right.pending.map { ($0.id, $0) }) { first, _ in first }
        let changed = left.pending.first { entry in
            details[entry.id].map { $0.deliveryCount != entry.deliveryCount } ?? false
        }
        if let changed { return "pending entry \(changed.id) has another number of deliveries" }
        let retimed = left.pending.first { entry in
            details[entry.id].map { $0.deliveredAtMilliseconds != entry.deliveredAtMilliseconds } ?? false
        }
        return retimed.map { "pending entry \($0.id) has another time of delivery" }
    }

    private static func owners(_ group: StreamValue.Group) -> [StreamValue.ID: ByteBuffer] {
        group.consumers.reduce(into: [:]) { owners, consumer in
            for id in consumer.pending { owners[id] = consumer.name }
        }
    }

    private static func text(_ name: ByteBuffer) -> String { String(buffer: name) }
}
