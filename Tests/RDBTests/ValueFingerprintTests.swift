import ByteCoding
import NIOCore
import SnapshotModel
import TestSupport
import Testing

@testable import RDB

/// What makes two values the same.
struct ValueFingerprintTests {
    private static let scope = ValueFingerprinter.Scope(secret: .init(low: 5, high: 6))

    private static func fingerprint(_ value: RDBValue, _ scope: ValueFingerprinter.Scope = scope) -> ValueFingerprint {
        ValueFingerprinter(value, scope: scope).finish()
    }

    private static func text(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

    private static func stream(_ change: (inout StreamValue) -> Void = { _ in }) -> RDBValue {
        func id(_ number: UInt64) -> StreamValue.ID { .init(milliseconds: number, sequence: 1) }
        func pending(_ number: UInt64) -> StreamValue.PendingEntry {
            .init(id: id(number), deliveredAtMilliseconds: 77, deliveryCount: 2)
        }
        var stream = StreamValue(
            entries: [
                .init(id: id(1), fields: [(text("a"), text("b"))]), .init(id: id(2), fields: [(text("a"), text("c"))]),
            ],
            length: 2,
            lastID: id(9),
            firstID: id(1),
            maximalDeletedID: id(0),
            entriesAdded: 3,
            groups: [
                .init(
                    name: text("g"),
                    lastDelivered: id(2),
                    entriesRead: 2,
                    pending: [pending(1), pending(2)],
                    consumers: [
                        .init(
                            name: text("alice"),
                            seenAtMilliseconds: 1,
                            activeAtMilliseconds: 1,
                            pending: [id(1), id(2)]
                        ),
                        .init(name: text("bob"), seenAtMilliseconds: 1, activeAtMilliseconds: 1, pending: []),
                    ]
                )
            ]
        )
        change(&stream)
        return .stream(stream)
    }

    @Test func `the order of sets, hashes and sorted sets makes no difference, that of lists does`() {
        let items = (0..<5).map { Self.text("item \($0)") }
        let fields = items.map { RDBValue.HashField(field: $0, value: $0) }
        let members = items.enumerated().map { RDBValue.ScoredMember(member: $1, score: Double($0)) }
        #expect(Self.fingerprint(.set(items)) == Self.fingerprint(.set(items.reversed())))
        #expect(Self.fingerprint(.hash(fields)) == Self.fingerprint(.hash(fields.reversed())))
        #expect(Self.fingerprint(.sortedSet(members)) == Self.fingerprint(.sortedSet(members.reversed())))
        #expect(Self.fingerprint(.list(items)) != Self.fingerprint(.list(items.reversed())))
        #expect(Self.fingerprint(.list(items)) != Self.fingerprint(.set(items)))
    }

    @Test func `an element more, less, doubled or moved between two is another value`() {
        let sets: [[String]] = [[], [""], ["a"], ["a", "b"], ["ab"], ["a", "b", "c"], ["a", "bc"], ["ab", "c"]]
        let values = sets.map { $0.map { Self.text($0) } }
        let all =
            values.map { Self.fingerprint(.set($0)) } + values.map { Self.fingerprint(.list($0)) }
            + [Self.fingerprint(.list([Self.text("a"), Self.text("a")])), Self.fingerprint(.string(Self.text("ab")))]
            + [Self.fingerprint(.hash([.init(field: Self.text("a"), value: Self.text("bc"))]))]
            + [Self.fingerprint(.hash([.init(field: Self.text("ab"), value: Self.text("c"))]))]
            + [1.0, 2, .infinity].map { Self.fingerprint(.sortedSet([.init(member: Self.text("a"), score: $0)])) }
        #expect(Set(all).count == all.count)
    }

    @Test func `a string in pieces of any size is the same string`() {
        var generator = SeededGenerator.fromEnvironment("ValueFingerprintTests", fallback: 0xF1)
        for length in [0, 1, 7, 8, 9, 63, 200] {
            let bytes = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            let whole = Self.fingerprint(.string(ByteBuffer(bytes: bytes)))
            var pieces = ValueFingerprinter(.string, scope: Self.scope)
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Int.random(in: 0...min(11, rest.count), using: &generator)
                pieces.append(piece: ByteBuffer(bytes: rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            #expect(pieces.finish() == whole, "length \(length)")
        }
    }

    @Test func `each part of a stream counts, but not when a consumer was seen`() {
        let original = Self.fingerprint(Self.stream())
        let changes: [(String, (inout StreamValue) -> Void)] = [
            ("a value", { $0.entries[1].fields[0].value = Self.text("d") }),
            ("an id", { $0.entries[1].id.sequence = 2 }), ("last id", { $0.lastID.sequence = 2 }),
            ("an entry", { $0.entries.removeLast() }), ("order", { $0.entries.swapAt(0, 1) }),
            ("a group", { $0.groups = [] }), ("a group's last id", { $0.groups[0].lastDelivered.sequence = 0 }),
            ("a group's name", { $0.groups[0].name = Self.text("h") }),
            ("an idle consumer", { $0.groups[0].consumers.removeLast() }),
            ("a pending entry", { $0.groups[0].pending.removeLast() }),
            ("a delivery count", { $0.groups[0].pending[0].deliveryCount = 3 }),
            ("a delivery time", { $0.groups[0].pending[0].deliveredAtMilliseconds = 78 }),
            (
                "an owner",
                {
                    let id = $0.groups[0].consumers[0].pending.removeLast()
                    $0.groups[0].consumers[1].pending = [id]
                }
            ),
            ("entries added", { $0.entriesAdded = 4 }), ("largest deleted id", { $0.maximalDeletedID?.sequence = 2 }),
            ("entries read", { $0.groups[0].entriesRead = nil }),
        ]
        for (name, change) in changes {
            #expect(original.relation(to: Self.fingerprint(Self.stream(change))) == .differs, "\(name)")
        }
        let seen = Self.fingerprint(Self.stream { $0.groups[0].consumers[0].seenAtMilliseconds = 5 })
        #expect(seen == original)
    }

    @Test func `counters are compared only where both sides have them`() {
        let (new, old) = (
            Self.fingerprint(Self.stream()),
            Self.fingerprint(
                Self.stream {
                    ($0.firstID, $0.maximalDeletedID, $0.entriesAdded) = (nil, nil, nil)
                    $0.groups[0].entriesRead = nil
                }
            )
        )
        #expect(new.relation(to: old) == .same && old.relation(to: new) == .same)
    }

    @Test func `delivery times can be left out of the comparison`() {
        var scope = Self.scope
        scope.comparesDeliveryTimes = false
        let later = Self.stream { $0.groups[0].pending[0].deliveredAtMilliseconds = 78 }
        #expect(Self.fingerprint(Self.stream(), scope) == Self.fingerprint(later, scope))
    }

    @Test func `fields that have expired do not count, and a hash without others has vanished`() {
        func field(_ name: String, _ deadline: Int64?) -> RDBValue.HashField {
            .init(
                field: Self.text(name),
                value: Self.text("v"),
                expiry: deadline.map { .at(UnixMilliseconds($0)) } ?? .never
            )
        }
        var scope = Self.scope
        scope.expiredBy = UnixMilliseconds(1000)
        let (all, rest) = ([field("a", 1000), field("b", 1001), field("c", nil)], [field("b", 1001), field("c", nil)])
        #expect(Self.fingerprint(.hash(all), scope) == Self.fingerprint(.hash(rest), scope))
        #expect(ValueFingerprinter(.hash(all), scope: scope).lastFieldDeadline == nil)
        #expect(ValueFingerprinter(.hash([all[0], all[1]]), scope: scope).lastFieldDeadline == UnixMilliseconds(1001))
        #expect(ValueFingerprinter(.hash([all[0]]), scope: scope).hasVanished)
        #expect(!ValueFingerprinter(.hash([]), scope: scope).hasVanished)
    }

    @Test func `zeros of both signs are the same score`() {
        let member = Self.text("m")
        let (plus, minus) = (
            RDBValue.ScoredMember(member: member, score: 0), RDBValue.ScoredMember(member: member, score: -0.0)
        )
        #expect(Self.fingerprint(.sortedSet([plus])) == Self.fingerprint(.sortedSet([minus])))
    }
}
