import ArchiveFormat
import NIOCore
import RDB
import SnapshotModel
import Testing

@testable import Comparison
@testable import Operations

/// What one key comes to: pure, without a node.
struct DrillJudgeTests {
    private static let scope = ValueFingerprinter.Scope()
    private static let restoredFrom = UnixMilliseconds(1_800_000_000_000)
    /// By so much every deadline was shifted.
    private static let shift: Int64 = 5000
    private static let deadline = UnixMilliseconds(1_700_000_000_000)

    private static func judge(
        access: NodeReadingDialect.AccessUse = .none,
        frequenciesDecay: Bool = false
    ) -> DrillJudge {
        DrillJudge(
            shiftMilliseconds: shift,
            toleranceMilliseconds: 5,
            access: access,
            frequenciesDecay: frequenciesDecay,
            restoredFrom: restoredFrom
        )
    }

    private static func fingerprint(_ text: String) -> ValueFingerprint {
        ValueFingerprinter(.string(ByteBuffer(string: text)), scope: scope).finish()
    }

    private static func archived(_ expiry: Expiry = .never, access: AccessData = .none) -> ArchivedValue {
        ArchivedValue(
            entry: ComparisonEntry(
                database: 0,
                key: ByteBuffer(string: "k"),
                typeName: "string",
                expiry: expiry,
                value: fingerprint("v")
            ),
            access: access,
            bodyByteCount: 2,
            isChained: false
        )
    }

    private static func reading(
        _ value: String? = "v",
        deadline: ClosedRange<Int64>? = nil,
        access: AccessData = .none
    ) -> NodeKeyReading {
        var reading = NodeKeyReading()
        reading.value = value.map(fingerprint)
        reading.deadline = deadline.map {
            Self.deadline.advanced(
                byMilliseconds: $0.lowerBound
            )...Self.deadline.advanced(byMilliseconds: $0.upperBound)
        }
        reading.access = access
        return reading
    }

    @Test func `a key as it was captured comes to nothing`() {
        let verdict = Self.judge().judge(Self.archived(), Self.reading(), now: Self.restoredFrom)
        #expect(verdict == DrillJudge.Verdict())
    }

    @Test func `a key that is not there is missing, whatever else would be said of it`() {
        var reading = Self.reading(deadline: 0...0)
        reading.state = .missing
        let verdict = Self.judge().judge(Self.archived(), reading, now: Self.restoredFrom)
        #expect(verdict.kinds == [.missing])
    }

    @Test func `a key that may not be read is undecided, and no difference`() {
        var reading = Self.reading(deadline: 0...0)
        reading.state = .refused("NOPERM")
        let verdict = Self.judge().judge(Self.archived(), reading, now: Self.restoredFrom)
        #expect(verdict.isUndecided && verdict.kinds.isEmpty)
    }

    @Test func `a key of another type is named with both, and its deadline counts`() {
        var reading = Self.reading(nil)
        reading.state = .otherType("list")
        let verdict = Self.judge().judge(Self.archived(.at(Self.deadline)), reading, now: Self.restoredFrom)
        #expect(verdict.kinds == [.type, .deadline])
        #expect(verdict.details == ["string became list", "it has lost its deadline"])
    }

    @Test func `another value is told by a second look, one that was not read is undecided`() {
        let judge = Self.judge()
        let other = judge.judge(Self.archived(), Self.reading("w"), now: Self.restoredFrom)
        #expect(other.kinds == [.value] && other.details == [""])
        let unread = judge.judge(Self.archived(), Self.reading(nil), now: Self.restoredFrom)
        #expect(unread.isUndecided && unread.kinds.isEmpty)
    }

    /// How far the node's deadline is known to be from the archive's, the error, and what is said of it.
    static let deadlines: [(ClosedRange<Int64>, Int64, String?)] = [
        (shift...shift, 0, nil), (shift + 5...shift + 5, 5, nil), (shift - 5...shift - 5, -5, nil),
        (shift + 6...shift + 6, 6, "6 ms later than captured"),
        (shift - 6...shift - 6, -6, "6 ms earlier than captured"),
        (shift - 100...shift + 100, 0, nil), (shift + 10...shift + 30, 10, "10 ms later than captured"),
        (0...0, -shift, "5000 ms earlier than captured"),
    ]

    @Test(arguments: deadlines)
    func `a deadline is compared without the shift, within the tolerance`(
        _ found: ClosedRange<Int64>,
        _ error: Int64,
        _ words: String?
    ) {
        let verdict = Self.judge()
            .judge(Self.archived(.at(Self.deadline)), Self.reading(deadline: found), now: Self.restoredFrom)
        #expect(verdict.deadlineError == error)
        #expect(verdict.kinds == (words == nil ? [] : [.deadline]))
        #expect(verdict.details == [words].compactMap(\.self))
    }

    @Test func `a deadline that one side alone has is a difference, and no error of it`() {
        let lost = Self.judge().judge(Self.archived(.at(Self.deadline)), Self.reading(), now: Self.restoredFrom)
        #expect(lost.kinds == [.deadline] && lost.deadlineError == nil)
        let gained = Self.judge().judge(Self.archived(), Self.reading(deadline: 0...0), now: Self.restoredFrom)
        #expect(gained.kinds == [.deadline] && gained.details == ["it expires, and should not"])
    }

    /// Idle seconds of the archive and of the node, seconds since the restore began, and whether that is a difference.
    static let idleTimes: [(UInt64, UInt64, Int64, Bool)] = [
        (100, 100, 0, false), (100, 110, 10, false), (100, 97, 0, false), (100, 96, 0, true), (100, 114, 10, true),
        (2, 0, 0, false), (100, 0, 0, true),
    ]

    @Test(arguments: idleTimes)
    func `an idle time may grow by what has passed, and be coarse`(
        _ own: UInt64,
        _ found: UInt64,
        _ elapsed: Int64,
        _ differs: Bool
    ) {
        let now = Self.restoredFrom.advanced(byMilliseconds: elapsed * 1000)
        let verdict = Self.judge(access: .idle)
            .judge(Self.archived(access: .idle(seconds: own)), Self.reading(access: .idle(seconds: found)), now: now)
        #expect(verdict.comparedAccess)
        #expect(verdict.kinds == (differs ? [.access] : []))
    }

    @Test func `an idle time that the server's clock cannot hold is not compared`() {
        let seconds: UInt64 = 1 << 23
        let verdict = Self.judge(access: .idle).judge(
            Self.archived(access: .idle(seconds: seconds)),
            Self.reading(access: .idle(seconds: 0)),
            now: Self.restoredFrom
        )
        #expect(!verdict.comparedAccess && verdict.kinds.isEmpty)
    }

    @Test func `a counter is the same where nothing lowers it, and never more`() {
        let kinds = { (own: UInt8, found: UInt8, decays: Bool) in
            Self.judge(access: .frequency, frequenciesDecay: decays).judge(
                Self.archived(access: .frequency(own)),
                Self.reading(access: .frequency(found)),
                now: Self.restoredFrom
            ).kinds
        }
        #expect(kinds(7, 7, false) == [] && kinds(7, 6, false) == [.access])
        #expect(kinds(7, 6, true) == [] && kinds(7, 8, true) == [.access])
    }

    @Test func `access data that the node does not keep is not compared`() {
        let verdict = Self.judge().judge(
            Self.archived(access: .idle(seconds: 100)),
            Self.reading(access: .idle(seconds: 0)),
            now: Self.restoredFrom
        )
        #expect(!verdict.comparedAccess && verdict.kinds.isEmpty)
    }
}
