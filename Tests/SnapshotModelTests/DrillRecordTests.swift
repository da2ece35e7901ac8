import Foundation
import SnapshotModel
import Testing

/// The form in which drills are stored: other programs and later versions read it.
struct DrillRecordTests {
    private static func fact(_ record: DrillRecord) -> Fact {
        Fact(
            id: "20231114T221320Z-000000",
            snapshot: SnapshotID(instant: UnixMilliseconds(0), random: 1),
            statedAt: UnixMilliseconds(5),
            statedBy: "me@here",
            statement: .drilled(record: record)
        )
    }

    private static func full() -> DrillRecord {
        var record = DrillRecord(
            .difference,
            reason: "two keys are missing",
            engine: .valkey,
            serverVersion: "9.1.2",
            startedAt: UnixMilliseconds(1000),
            endedAt: UnixMilliseconds(2000),
            rpoMilliseconds: 3000
        )
        record.phases = [.load: 4, .compare: 5]
        record.rtoMilliseconds = 6
        record.differences = [.missing: 2]
        record.sentinel = .archiveOnly
        record.objectives = .init(maximumRecoveryMilliseconds: 7)
        return record
    }

    @Test func `phases and differences are objects by their names`() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let text = String(decoding: try encoder.encode(Self.fact(Self.full()).statement), as: UTF8.self)
        #expect(
            text == #"{"drilled":{"record":{"comparedKeyCount":0,"differences":{"missing":2},"endedAt":2000,"#
                + #""engine":"valkey","objectives":{"maximumRecoveryMilliseconds":7},"phases":{"compare":5,"load":4},"#
                + #""reason":"two keys are missing","restoredKeyCount":0,"result":"difference","rpoMilliseconds":3000,"#
                + #""rtoMilliseconds":6,"sentinel":"archiveOnly","serverVersion":"9.1.2","startedAt":1000}}}"#
        )
        let fact = Self.fact(Self.full())
        #expect(try JSONDecoder().decode(Fact.self, from: encoder.encode(fact)) == fact)
    }

    @Test func `a record with phases, kinds and fields of a later version is read`() throws {
        let json =
            #"{"result":"pass","engine":"redis","startedAt":1,"endedAt":2,"phases":{"load":3,"replay":4},"#
            + #""rpoMilliseconds":5,"restoredKeyCount":6,"comparedKeyCount":7,"differences":{"colour":8},"mood":"good"}"#
        let record = try JSONDecoder().decode(DrillRecord.self, from: Data(json.utf8))
        #expect(record.isPassed && record.phases[DrillPhase(rawValue: "replay")] == 4)
        #expect(record.differenceCount == 8)
    }
}
