import Foundation
import Operations
import SnapshotModel
import TestSupport
import Testing

/// A drill catches what it is for: whatever is done to the restored node before it is compared.
@Suite(.serialized)
struct DrillDamageTests {
    /// What is broken, how the drill calls it, and of which key.
    struct Damage: Sendable, CustomTestStringConvertible {
        let name: String
        let kind: DrillDifferenceKind
        let key: String
        /// What the report says of it.
        var detail = ""
        let inflict: @Sendable (RedisClient) throws -> Void

        var testDescription: String { name }
    }

    static let damages: [Damage] = [
        .init(name: "a key lost", kind: .missing, key: "string") { try $0.command("DEL", "string") },
        .init(name: "a key of another database lost", kind: .missing, key: "other") {
            try $0.command("SELECT", "3")
            try $0.command("DEL", "other")
        },
        .init(name: "a key added", kind: .extra, key: "intruder") { try $0.command("SET", "intruder", "1") },
        .init(name: "a key added where another is lost", kind: .extra, key: "intruder") {
            try $0.command("RENAME", "string", "intruder")
        },
        .init(name: "another type", kind: .type, key: "string", detail: "string became list") {
            try $0.command("DEL", "string")
            try $0.command("RPUSH", "string", "hello world")
        },
        .init(name: "a byte of a string", kind: .value, key: "string", detail: "1 byte of 11 changed, the first at 4") {
            try $0.command("SETRANGE", "string", "4", "0")
        },
        .init(name: "a byte of a number", kind: .value, key: "number") { try $0.command("SET", "number", "12346") },
        .init(name: "a byte of a list's item", kind: .value, key: "list", detail: "1 item of 3 changed, the first at 1")
        {
            try $0.command("LSET", "list", "1", "B")
        },
        .init(name: "the order of a list", kind: .value, key: "list") {
            try $0.command("LSET", "list", "0", "b")
            try $0.command("LSET", "list", "1", "a")
        },
        .init(name: "a member of a set", kind: .value, key: "set", detail: "1 member missing, 1 member too many") {
            try $0.command("SREM", "set", "a")
            try $0.command("SADD", "set", "A")
        },
        .init(name: "a member of a set of integers", kind: .value, key: "integers") {
            try $0.command("SREM", "integers", "3")
        },
        .init(name: "a score", kind: .value, key: "zset", detail: "1 member changed") {
            try $0.command("ZADD", "zset", "2.5000000000000004", "b")
        },
        .init(name: "a byte of a field's value", kind: .value, key: "hash", detail: "1 field changed") {
            try $0.command("HSET", "hash", "g", "3")
        },
        .init(name: "an entry of a stream lost", kind: .value, key: "stream", detail: "1 entry missing") {
            try $0.command("XDEL", "stream", "1-1")
        },
        .init(name: "a deadline shifted", kind: .deadline, key: "expiring", detail: "6 ms earlier than captured") {
            let deadline = try $0.command("PEXPIRETIME", "expiring").integer ?? 0
            try $0.command("PEXPIREAT", "expiring", RedisArgument(deadline - 6))
        },
        .init(name: "a deadline dropped", kind: .deadline, key: "expiring") { try $0.command("PERSIST", "expiring") },
        .init(name: "a deadline added", kind: .deadline, key: "string") {
            try $0.command("PEXPIRE", "string", "99999")
        },
        .init(name: "a group lost", kind: .group, key: "stream", detail: "consumer group 'group' is missing") {
            try $0.command("XGROUP", "DESTROY", "stream", "group")
        },
        .init(
            name: "a pending entry moved",
            kind: .group,
            key: "stream",
            detail: "consumer group 'group': pending entry 1-1 moved from consumer 'alice' to 'bob'"
        ) { try $0.command("XCLAIM", "stream", "group", "bob", "0", "1-1", "JUSTID") },
        .init(name: "a pending entry lost", kind: .group, key: "stream") {
            try $0.command("XACK", "stream", "group", "2-1")
        },
        .init(name: "a function missing", kind: .function, key: "", detail: "function library 'mylib' is missing") {
            try $0.command("FUNCTION", "DELETE", "mylib")
        },
        .init(name: "a byte of a large string", kind: .value, key: "large:string") {
            try $0.command("SETRANGE", "large:string", "1999999", "x")
        },
        .init(name: "an item of a large list", kind: .value, key: "large:list") {
            try $0.command("LSET", "large:list", "-1", "x")
        },
        .init(name: "a member of a large set", kind: .value, key: "large:set") { try $0.command("SPOP", "large:set") },
        .init(name: "a score of a large sorted set", kind: .value, key: "large:zset") {
            let member = try $0.command("ZRANGE", "large:zset", "1999", "1999").array?.first?.bytes ?? []
            try $0.command("ZINCRBY", "large:zset", "0.25", RedisArgument(member))
        },
        .init(name: "a field of a large hash", kind: .value, key: "large:hash") {
            try $0.command("HSET", "large:hash", "x", "y")
        },
        .init(name: "a pending entry of a large stream", kind: .group, key: "large:stream") {
            try $0.command("XACK", "large:stream", "group", "100-1")
        },
    ]

    @Test("each kind of damage fails the drill and is named in the report")
    func damage() async throws {
        let bench = try await DrillBench()
        for damage in Self.damages {
            let outcome = try await bench.drill(damage: damage.inflict)
            #expect(
                outcome.record.result == .difference,
                "\(damage.name): \(String(describing: outcome.record.reason))"
            )
            #expect(outcome.failure?.kind == .integrity, "\(damage.name)")
            let lacksKeys = outcome.record.differences[.missing] != nil
            #expect((outcome.record.rtoMilliseconds == nil) == lacksKeys, "\(damage.name)")
            let found = outcome.findings?.differences.filter {
                $0.kind == damage.kind && String(decoding: $0.key, as: UTF8.self) == damage.key
            }
            #expect(found?.count == 1, "\(damage.name): \(outcome.findings?.differences ?? [])")
            #expect(damage.detail.isEmpty || found?.first?.detail == damage.detail, "\(damage.name): \(found ?? [])")
            let report = try String(contentsOfFile: try #require(outcome.reportPath), encoding: .utf8)
            #expect(report.contains("\"kind\" : \"\(damage.kind.rawValue)\""), "\(damage.name)")
        }
        // Undamaged, the same snapshot passes.
        let outcome = try await bench.drill()
        #expect(outcome.record.result == .pass, "\(String(describing: outcome.record.reason))")
        #expect(try await bench.records().count == Self.damages.count + 1)
        #expect(try bench.leftovers() == [])
    }

    @Test("the deadline of a hash's field is compared", arguments: try await fieldDeadlineServers())
    func fieldDeadline(_ binary: ServerBinary) async throws {
        let bench = try await DrillBench(binary)
        let dropped = try await bench.drill { try $0.command("HPERSIST", "fields", "FIELDS", "1", "a") }
        #expect(dropped.record.differences == [.fieldDeadline: 1])
        #expect(dropped.findings?.differences.first?.detail == "1 deadline of fields dropped")
        let moved = try await bench.drill { client in
            let deadline = try client.command("HPEXPIRETIME", "fields", "FIELDS", "1", "a").array?.first?.integer ?? 0
            try client.command("HPEXPIREAT", "fields", RedisArgument(deadline + 6), "FIELDS", "1", "a")
        }
        #expect(moved.record.differences == [.fieldDeadline: 1])
        #expect(try await bench.drill().record.result == .pass)
    }

    private static func fieldDeadlineServers() async throws -> [ServerBinary] {
        try await ServerMatrix.present().filter { $0.knows(.fieldDeadlines) }
    }

    @Test("access data is compared", arguments: ["allkeys-lru", "allkeys-lfu"])
    func access(_ policy: String) async throws {
        let bench = try await DrillBench(lines: ["maxmemory-policy \(policy)", "lfu-log-factor 0"]) { client in
            try client.command("SET", "a", "1")
            for _ in 0..<20 { try client.command("GET", "a") }
            // What a server tells in a stream of a key's last use, of any age, is what it was given.
            let payload = try client.command("DUMP", "a").bytes ?? []
            let data: [RedisArgument] = policy == "allkeys-lru" ? ["IDLETIME", "5000"] : ["FREQ", "77"]
            try client.command(["RESTORE", "b", "0", RedisArgument(payload)] + data)
        }
        let good = try await bench.drill()
        #expect(good.record.result == .pass, "\(good.findings?.differences ?? [])")
        #expect(good.findings?.comparedAccessCount == 2)
        let bad = try await bench.drill { client in
            let payload = try client.command("DUMP", "b").bytes ?? []
            let data: [RedisArgument] = policy == "allkeys-lru" ? ["IDLETIME", "4990"] : ["FREQ", "76"]
            try client.command(["RESTORE", "b", "0", RedisArgument(payload), "REPLACE"] + data)
        }
        #expect(bad.record.differences == [.access: 1])
        #expect(bad.findings?.differences.first.map { String(decoding: $0.key, as: UTF8.self) } == "b")
    }
}
