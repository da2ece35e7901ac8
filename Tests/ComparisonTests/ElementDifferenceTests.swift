import Comparison
import NIOCore
import RDB
import SnapshotModel
import Testing

/// What is said of two values that differ, and that nothing is said of two that do not.
struct ElementDifferenceTests {
    /// Two values of a type and what is to be said of them; nil for nothing.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let kind: RDBElement.Kind
        let left: [RDBElement]
        let right: [RDBElement]
        let aspect: ElementDifference.Aspect
        let words: String?

        init(
            _ description: String,
            _ kind: RDBElement.Kind,
            _ left: [RDBElement],
            _ right: [RDBElement],
            _ words: String?,
            _ aspect: ElementDifference.Aspect = .value
        ) {
            (testDescription, self.kind, self.left, self.right) = (description, kind, left, right)
            (self.words, self.aspect) = (words, aspect)
        }
    }

    private static func bytes(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }
    private static func items(_ texts: String...) -> [RDBElement] { texts.map { .item(bytes($0)) } }
    private static func scores(_ pairs: KeyValuePairs<String, Double>) -> [RDBElement] {
        pairs.map { .scored(member: bytes($0.key), score: $0.value) }
    }
    private static func field(_ name: String, _ value: String, _ deadline: Int64? = nil) -> RDBElement {
        let expiry = deadline.map { Expiry.at(UnixMilliseconds($0)) } ?? .never
        return .field(bytes(name), value: bytes(value), expiry: expiry)
    }

    static let plain: [Case] = [
        Case(
            "strings cut differently",
            .string,
            [.stringPart(bytes("ab")), .stringPart(bytes("c"))],
            [.stringPart(bytes("a")), .stringPart(bytes("bc"))],
            nil
        ),
        Case(
            "a shorter string",
            .string,
            [.stringPart(bytes("abc"))],
            [.stringPart(bytes("ab"))],
            "3 bytes became 2"
        ),
        Case(
            "changed bytes",
            .string,
            [.stringPart(bytes("abcd"))],
            [.stringPart(bytes("aXcY"))],
            "2 bytes of 4 changed, the first at 1"
        ),
        Case("a longer list", .list, items("a"), items("a", "b"), "1 items became 2"),
        Case("a changed item", .list, items("a", "b"), items("a", "c"), "1 item of 2 changed, the first at 1"),
        Case("the same list", .list, items("a", "b"), items("a", "b"), nil),
        Case("a set in another order", .set, items("a", "b"), items("b", "a"), nil),
        Case(
            "members lost and added",
            .set,
            items("a", "b", "c"),
            items("c", "d"),
            "2 members missing, 1 member too many"
        ),
        Case("a score's last bit", .sortedSet, scores(["a": 2.5]), scores(["a": 2.5.nextUp]), "1 member changed"),
        Case(
            "a sorted set in another order",
            .sortedSet,
            scores(["a": 1, "b": -.infinity]),
            scores(["b": -.infinity, "a": 1]),
            nil
        ),
    ]

    static let hashes: [Case] = [
        Case(
            "a field's value",
            .hash,
            [field("f", "1"), field("g", "2")],
            [field("g", "3"), field("f", "1")],
            "1 field changed"
        ),
        Case("a value and a deadline", .hash, [field("f", "1", 5)], [field("f", "2")], "1 field changed"),
        Case(
            "deadlines alone",
            .hash,
            [field("a", "1", 5), field("b", "1"), field("c", "1", 7)],
            [field("a", "1"), field("b", "1", 6), field("c", "1", 8)],
            "1 deadline of fields dropped, 1 deadline of fields too many, 1 deadline of fields moved",
            .fieldDeadlines
        ),
        Case(
            "the same fields",
            .hash,
            [field("a", "1", 5), field("b", "1")],
            [field("b", "1"), field("a", "1", 5)],
            nil
        ),
    ]

    @Test(arguments: plain + hashes)
    func `is told in words`(_ sample: Case) {
        let difference = ElementDifference(left: sample.left, right: sample.right, of: sample.kind)
        #expect(difference?.words == sample.words)
        if sample.words != nil { #expect(difference?.aspect == sample.aspect) }
    }

    // MARK: Streams

    private typealias ID = StreamValue.ID

    private static func id(_ sequence: UInt64) -> ID { ID(milliseconds: 1, sequence: sequence) }

    /// A stream of two entries, and a group with an entry that is pending at alice's.
    private static func stream(_ change: (inout StreamValue) -> Void = { _ in }) -> [RDBElement] {
        let group = StreamValue.Group(
            name: bytes("g"),
            lastDelivered: id(2),
            entriesRead: 2,
            pending: [.init(id: id(1), deliveredAtMilliseconds: 5, deliveryCount: 1)],
            consumers: [
                .init(name: bytes("alice"), seenAtMilliseconds: 1, activeAtMilliseconds: nil, pending: [id(1)]),
                .init(name: bytes("bob"), seenAtMilliseconds: 1, activeAtMilliseconds: nil, pending: []),
            ]
        )
        var end = StreamValue(
            entries: [],
            length: 2,
            lastID: id(2),
            firstID: id(1),
            maximalDeletedID: id(0),
            entriesAdded: 2,
            groups: [group]
        )
        change(&end)
        return [1, 2].map { .streamEntry(id($0), fields: [(bytes("f"), bytes("\($0)"))]) } + [.streamEnd(end)]
    }

    static let streams: [Case] = [
        Case("the same stream", .stream, stream(), stream(), nil),
        Case("an entry lost", .stream, stream(), Array(stream().dropFirst()), "1 entry missing"),
        Case(
            "entries changed",
            .stream,
            stream(),
            [1, 2].map { .streamEntry(id($0), fields: [(bytes("f"), bytes("x"))]) } + [stream()[2]],
            "2 entries changed"
        ),
        Case("the last id", .stream, stream(), stream { $0.lastID = id(9) }, "the last id 1-2 became 1-9"),
        Case("a counter", .stream, stream(), stream { $0.entriesAdded = 3 }, "entries added: 2 became 3"),
        Case("a counter that one side does not know", .stream, stream(), stream { $0.entriesAdded = nil }, nil),
        Case("a group lost", .stream, stream(), stream { $0.groups = [] }, "consumer group 'g' is missing", .groups),
        Case(
            "a group added",
            .stream,
            stream { $0.groups = [] },
            stream(),
            "consumer group 'g' is one too many",
            .groups
        ),
        Case(
            "where a group stands",
            .stream,
            stream(),
            stream { $0.groups[0].lastDelivered = id(1) },
            "consumer group 'g': its last delivered id 1-2 became 1-1",
            .groups
        ),
        Case(
            "a pending entry lost",
            .stream,
            stream(),
            stream {
                $0.groups[0].pending = []
                $0.groups[0].consumers[0].pending = []
            },
            "consumer group 'g': pending entry 1-1 is missing",
            .groups
        ),
        Case(
            "a pending entry moved",
            .stream,
            stream(),
            stream {
                $0.groups[0].consumers[0].pending = []
                $0.groups[0].consumers[1].pending = [id(1)]
            },
            "consumer group 'g': pending entry 1-1 moved from consumer 'alice' to 'bob'",
            .groups
        ),
        Case(
            "a consumer lost",
            .stream,
            stream(),
            stream { $0.groups[0].consumers.removeLast() },
            "consumer group 'g': 2 consumers became 1",
            .groups
        ),
        Case(
            "how often an entry was delivered",
            .stream,
            stream(),
            stream { $0.groups[0].pending[0].deliveryCount = 2 },
            "consumer group 'g': pending entry 1-1 has another number of deliveries",
            .groups
        ),
        Case(
            "when an entry was delivered",
            .stream,
            stream(),
            stream { $0.groups[0].pending[0].deliveredAtMilliseconds = 6 },
            "consumer group 'g': pending entry 1-1 has another time of delivery",
            .groups
        ),
    ]

    @Test(arguments: streams)
    func `of streams is told by their groups`(_ sample: Case) {
        let difference = ElementDifference(left: sample.left, right: sample.right, of: sample.kind)
        #expect(difference?.words == sample.words)
        if sample.words != nil { #expect(difference?.aspect == sample.aspect) }
    }
}
