import Foundation
import Retention
import SnapshotModel
import Testing

struct WhatIfListTests {
    private func read(_ text: String, groupBy keys: [GroupKey] = [.source, .policy]) throws -> [Backup] {
        try WhatIfList(json: Data(text.utf8), groupBy: keys).backups
    }

    private func one(_ fields: String, groupBy keys: [GroupKey] = [.source, .policy]) throws -> Backup {
        let list = try read(
            #"[{"id": "a", "takenAt": "2026-11-21T07:05:00Z""# + (fields.isEmpty ? "" : ", " + fields) + "}]",
            groupBy: keys
        )
        return try #require(list.first)
    }

    private let instant = UnixMilliseconds(1_795_244_700_000)

    @Test func `an id and a time are enough`() throws {
        #expect(try one("") == Backup(id: "a", group: "all", takenAt: instant))
        #expect(try read("[]").isEmpty)
    }

    @Test func `every field is read`() throws {
        let backup = try one(
            """
            "sequence": 7, "group": "g", "state": "partial", "health": "suspicious", "tags": {"env": "prod"},
            "holds": ["audit"], "parents": ["b"], "leaseUntil": "2026-11-22T00:00:00Z", "lockedUntil": 5, "keys": 12
            """
        )
        var expected = Backup(id: "a", group: "g", takenAt: instant, sequence: 7, state: .partial, health: .suspicious)
        expected.tags = ["env": "prod"]
        expected.holds = [Backup.Hold(name: "audit")]
        expected.parents = ["b"]
        expected.leaseUntil = UnixMilliseconds(rfc3339: "2026-11-22T00:00:00Z")
        expected.lockedUntil = UnixMilliseconds(5)
        #expect(backup == expected)
    }

    @Test(
        arguments: [
            #""2026-11-21T07:05:00Z""#, #""2026-11-21T08:05:00+01:00""#, #""2026-11-21 07:05:00.000Z""#,
            "1795244700000",
        ]
    )
    func `a time is RFC 3339 with any offset, or Unix milliseconds`(time: String) throws {
        #expect(try read(#"[{"id": "a", "takenAt": \#(time)}]"#).first?.takenAt == instant)
    }

    @Test(
        arguments: [
            (#""verified""#, "2026-11-21T07:05:00Z"), (#""Verified""#, "2026-11-21T07:05:00Z"),
            (#"{"verified": "2026-11-22T00:00:00Z"}"#, "2026-11-22T00:00:00Z"),
            (#"{"verified": null}"#, "2026-11-21T07:05:00Z"),
            (#"{"state": "verified", "at": "2026-11-22T00:00:00Z"}"#, "2026-11-22T00:00:00Z"),
            (#"{"status": "verified"}"#, "2026-11-21T07:05:00Z"),
        ]
    )
    func `health is a name or an object with an instant`(health: String, at: String) throws {
        let at = try #require(UnixMilliseconds(rfc3339: at))
        #expect(try one(#""health": "# + health).health == .verified(at: at))
    }

    @Test(arguments: ["unknown", "verified", "drilled", "suspicious", "corrupt"]) func `each health has its name`(
        name: String
    ) throws {
        let health: [String: Backup.Health] = [
            "unknown": .unknown, "verified": .verified(at: instant), "drilled": .drilled(at: instant),
            "suspicious": .suspicious, "corrupt": .corrupt,
        ]
        #expect(try one(#""health": "\#(name)""#).health == health[name])
    }

    @Test func `tags are an object, or names and pairs`() throws {
        let expected = ["env": "prod", "weekly": "", "n": "5"]
        #expect(try one(#""tags": {"env": "prod", "weekly": null, "n": 5}"#).tags == expected)
        #expect(try one(#""tags": ["env=prod", "weekly", "n=5"]"#).tags == expected)
        #expect(try one(#""tags": "weekly""#).tags == ["weekly": ""])
        #expect(try one(#""tags": ["a=b=c"]"#).tags == ["a": "b=c"])
    }

    @Test func `holds are names or objects, alone or in an array`() throws {
        let until = UnixMilliseconds(rfc3339: "2026-12-31T00:00:00Z")
        #expect(try one(#""holds": "audit""#).holds == [Backup.Hold(name: "audit")])
        #expect(
            try one(
                #""holds": [{"name": "audit", "reason": "tax", "until": "2026-12-31T00:00:00Z", "by": "eva"}, "x"]"#
            ).holds
                == [Backup.Hold(name: "audit", reason: "tax", by: "eva", until: until), Backup.Hold(name: "x")]
        )
        #expect(
            try one(#""holds": {"reason": "tax", "until": null}"#).holds == [Backup.Hold(name: "tax", reason: "tax")]
        )
    }

    @Test func `an element without a group gets one from what it says`() throws {
        #expect(try one(#""source": "web""#).group == "source=web policy=-")
        #expect(try one(#""source": "web", "group": "mine""#).group == "mine")
        #expect(try one(#""tags": {"env": "prod"}"#, groupBy: [.tag("env")]).group == "tag:env=prod")
        #expect(try one(#""source": "web""#, groupBy: []).group == "all")
    }

    @Test func `null is the same as absent`() throws {
        #expect(try one(#""sequence": null, "state": null, "health": null, "tags": null, "holds": null"#) == one(""))
    }

    @Test(
        arguments: [
            ("{", "the list is not valid JSON"), ("{}", "the list is an object, not an array"),
            ("[3]", "element 0 is a number, not an object"),
            (#"[{"takenAt": "2026-11-21T07:05:00Z"}]"#, "element 0: id is missing"),
            (#"[{"id": "", "takenAt": 5}]"#, "element 0 (id ''): id is missing"),
            (#"[{"id": "a"}]"#, "element 0 (id 'a'): takenAt is missing"),
            (#"[{"id": "a", "takenAt": "yesterday"}]"#, "element 0 (id 'a'): takenAt 'yesterday' is no time"),
            (
                #"[{"id": "a", "takenAt": "2026-02-30T00:00:00Z"}]"#,
                "element 0 (id 'a'): takenAt '2026-02-30T00:00:00Z' is no time"
            ),
            (#"[{"id": "a", "takenAt": 1.5}]"#, "element 0 (id 'a'): takenAt '1.5' is no time"),
            (
                #"[{"id": "a", "takenAt": 5, "sequence": -1}]"#,
                "element 0 (id 'a'): sequence '-1' is no sequence number"
            ),
            (#"[{"id": "a", "takenAt": 5, "state": "done"}]"#, "element 0 (id 'a'): state 'done' is no state"),
            (#"[{"id": "a", "takenAt": 5, "health": "good"}]"#, "element 0 (id 'a'): health 'good' is no health"),
            (
                #"[{"id": "a", "takenAt": 5, "health": {"verified": "x"}}]"#,
                "element 0 (id 'a'): health.verified 'x' is no time"
            ),
            (#"[{"id": "a", "takenAt": 5, "group": []}]"#, "element 0 (id 'a'): group is an array"),
            (#"[{"id": "a", "takenAt": 5, "tags": [{}]}]"#, "element 0 (id 'a'): tags[0] is an object, not a string"),
            (
                #"[{"id": "a", "takenAt": 5, "tags": {"x": []}}]"#,
                "element 0 (id 'a'): tags.x is an array, not a string"
            ),
            (#"[{"id": "a", "takenAt": 5, "parents": {}}]"#, "element 0 (id 'a'): parents is an object, not an array"),
            (#"[{"id": "a", "takenAt": 5, "holds": [[]]}]"#, "element 0 (id 'a'): holds[0] is an array"),
            (
                #"[{"id": "a", "takenAt": 5, "holds": [{"until": "x"}]}]"#,
                "element 0 (id 'a'): holds[0].until 'x' is no time"
            ),
            (#"[{"id": "a", "takenAt": 5, "leaseUntil": []}]"#, "element 0 (id 'a'): leaseUntil an array is no time"),
            (
                #"[{"id": "a", "takenAt": 5}, {"id": "a", "takenAt": 6}]"#,
                "element 1 (id 'a'): id is that of element 0, too"
            ),
        ]
    )
    func `a mistake is named with its element, its field and what would be right`(text: String, message: String) throws
    {
        let error = #expect(throws: WhatIfList.Invalid.self) { try read(text) }
        #expect(error?.problems.count == 1)
        let problem = try #require(error?.problems.first)
        #expect(problem.description == message + "; " + problem.hint)
        #expect(!problem.hint.isEmpty)
    }

    @Test func `all mistakes are named at once`() {
        let error = #expect(throws: WhatIfList.Invalid.self) {
            try read(#"[{"id": "a", "takenAt": "x", "state": "y"}, {"id": "b", "takenAt": 5}, {"takenAt": 5}]"#)
        }
        #expect(error?.problems.map(\.field) == ["takenAt", "state", "id"])
    }

    @Test func `no cut and no flipped byte of a list makes the reader fail otherwise`() {
        let text = Array(#"[{"id":"a","takenAt":"2026-11-21T07:05:00Z","holds":[{"until":null}],"tags":["x=y"]}]"#.utf8)
        for end in text.indices {
            #expect(throws: WhatIfList.Invalid.self) { try WhatIfList(json: Data(text[..<end]), groupBy: []) }
            for bit in 0..<8 {
                var flipped = text
                flipped[end] ^= 1 << bit
                // Accepted or refused with problems, never anything else.
                do {
                    #expect(try WhatIfList(json: Data(flipped), groupBy: []).backups.count == 1)
                } catch {
                    #expect(!error.problems.isEmpty)
                }
            }
        }
    }
}
