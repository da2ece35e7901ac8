import ByteCoding
import NIOCore
import RDB
import SnapshotModel
import Testing

@testable import Comparison

/// What is the same, what differs, and in which way.
struct ComparisonJudgeTests {
    private static let key = ByteBuffer(string: "key")
    private static let scope = ValueFingerprinter.Scope(secret: .init(low: 3, high: 4))

    private static func entry(
        _ value: RDBValue?,
        type: String = "string",
        expiry: Expiry = .never,
        fieldEnd: UnixMilliseconds? = nil
    ) -> ComparisonEntry {
        ComparisonEntry(
            database: 0,
            key: key,
            typeName: type,
            expiry: expiry,
            fieldEnd: fieldEnd,
            value: value.map { ValueFingerprinter($0, scope: scope).finish() }
        )
    }

    private static func hash(_ deadlines: [Int64?]) -> RDBValue {
        .hash(
            deadlines.enumerated().map { index, deadline in
                RDBValue.HashField(
                    field: ByteBuffer(string: "field \(index)"),
                    value: ByteBuffer(string: "value"),
                    expiry: deadline.map { .at(UnixMilliseconds($0)) } ?? .never
                )
            }
        )
    }

    private static func judge(
        _ left: ComparisonEntry?,
        _ right: ComparisonEntry?,
        tolerance: Int64 = 0,
        moment: Int64 = 1000
    ) -> ComparisonJudge.Judgement {
        var options = ComparisonOptions()
        options.deadlineTolerance = tolerance
        return ComparisonJudge(options: options, moment: UnixMilliseconds(moment))
            .judge(ComparisonPair(left: left, right: right))
    }

    private static func difference(_ judgement: ComparisonJudge.Judgement) -> ComparisonDifference? {
        if case .different(let difference) = judgement.verdict { difference } else { nil }
    }

    @Test func `equal values with equal deadlines are the same`() {
        let entry = Self.entry(.string(ByteBuffer(string: "x")), expiry: .at(UnixMilliseconds(5000)))
        #expect(Self.judge(entry, entry) == .init(verdict: .same, drift: 0))
    }

    @Test func `a key of one side is missing or extra unless its life has ended`() {
        let alive = Self.entry(.string(ByteBuffer()), expiry: .at(UnixMilliseconds(1001)))
        let ended = Self.entry(.string(ByteBuffer()), expiry: .at(UnixMilliseconds(1000)))
        let emptied = Self.entry(.hash([]), type: "hash", fieldEnd: UnixMilliseconds(999))
        #expect(Self.difference(Self.judge(alive, nil))?.kind == .missing)
        #expect(Self.difference(Self.judge(nil, alive))?.kind == .extra)
        for entry in [ended, emptied] {
            #expect(Self.judge(entry, nil).verdict == .expired)
            #expect(Self.judge(nil, entry).verdict == .expired)
        }
    }

    @Test func `deadlines within the tolerance are the same, beyond it they drift`() {
        func entry(_ deadline: Int64) -> ComparisonEntry {
            Self.entry(.string(ByteBuffer()), expiry: .at(UnixMilliseconds(deadline)))
        }
        #expect(Self.judge(entry(5000), entry(4900), tolerance: 100).verdict == .same)
        let drifted = Self.judge(entry(5000), entry(4899), tolerance: 100)
        #expect(drifted.drift == -101)
        #expect(Self.difference(drifted)?.kind == .drift)
        #expect(Self.difference(drifted)?.aspects == [.deadline])
        let lost = Self.judge(entry(5000), Self.entry(.string(ByteBuffer())), tolerance: 100)
        #expect(Self.difference(lost)?.kind == .drift && lost.drift == nil)
    }

    @Test func `another value, another type and both with another deadline are changes`() throws {
        let one = Self.entry(.string(ByteBuffer(string: "1")), expiry: .at(UnixMilliseconds(5000)))
        let two = Self.entry(.string(ByteBuffer(string: "2")))
        let changed = try #require(Self.difference(Self.judge(one, two)))
        #expect(changed.kind == .changed && changed.aspects == [.value, .deadline])
        let list = Self.entry(.list([ByteBuffer(string: "1")]), type: "list")
        #expect(Self.difference(Self.judge(one, list))?.aspects == [.type, .deadline])
    }

    @Test func `fields that are all shifted by the same within the tolerance are the same`() throws {
        let left = Self.entry(Self.hash([9000, nil, 7000]), type: "hash")
        let shifted = Self.entry(Self.hash([9050, nil, 7050]), type: "hash")
        let uneven = Self.entry(Self.hash([9050, nil, 7049]), type: "hash")
        let dropped = Self.entry(Self.hash([9000, nil, nil]), type: "hash")
        #expect(Self.judge(left, shifted, tolerance: 50).verdict == .same)
        let beyond = try #require(Self.difference(Self.judge(left, shifted, tolerance: 49)))
        #expect(beyond.kind == .changed && beyond.aspects == [.fieldDeadlines] && beyond.fieldDrift == 50)
        for other in [uneven, dropped] {
            let found = try #require(Self.difference(Self.judge(left, other, tolerance: 100)))
            #expect(found.aspects == [.fieldDeadlines] && found.fieldDrift == nil)
        }
    }

    @Test func `values that cannot be compared are undecided, and their deadlines still count`() {
        let (unknown, known) = (Self.entry(nil, type: "list"), Self.entry(.list([]), type: "list"))
        #expect(Self.judge(unknown, known) == .init(verdict: .same, isUndecided: true))
        var module = Self.entry(.opaque(encoding: "x"), type: "module:x", expiry: .at(UnixMilliseconds(5000)))
        var other = module
        other.value?.content = Digest128(first: 1, second: 1)
        #expect(Self.judge(module, other).isUndecided)
        module.expiry = .never
        let drifted = Self.judge(module, other)
        #expect(Self.difference(drifted)?.kind == .drift && drifted.isUndecided)
    }

    @Test func `a key counts for a type filter by either of its types`() {
        let (text, list) = (Self.entry(.string(ByteBuffer())), Self.entry(.list([]), type: "list"))
        var options = ComparisonOptions()
        for (type, isWanted) in [("list", true), ("string", true), ("hash", false)] {
            options.types = [type]
            let judge = ComparisonJudge(options: options, moment: UnixMilliseconds(0))
            let verdict = judge.judge(ComparisonPair(left: text, right: list)).verdict
            #expect((verdict == .unwanted) != isWanted)
        }
    }
}
