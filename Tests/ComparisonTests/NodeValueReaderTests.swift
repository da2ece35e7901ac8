import ByteCoding
import Capture
import Comparison
import NIOCore
import ObjectStorage
import RDB
import SnapshotModel
import TestSupport
import Testing
import Transport

/// A node read by the commands of its types against the same node read by DUMP: two ways that share no decoder.
@Suite(.serialized)
struct NodeValueReaderTests {
    private static func options(_ server: RedisServer) throws -> ConnectionOptions {
        ConnectionOptions(url: try NodeURL(server.url))
    }

    /// Both sides of a node, merged.
    private static func pairs(_ server: RedisServer) async throws -> [ComparisonPair] {
        let directory = try TemporaryDirectory()
        let place = ExternalSortSpill.Place(directory: directory.path)
        let node = try await ScanNode.open(options(server), readsAccessData: false)
        let scope = NodeValueReader.scope(.init(), for: node.info)
        var commands = ComparisonSide(secret: scope.secret, spillingTo: place)
        let walk = NodeValueWalk(try options(server), scope: scope, connectionCount: 3)
        let count = try await walk.read(node.connection, info: node.info, options: .init(), into: &commands)
        let entries = NodeEntries(
            side: ComparisonSide(secret: scope.secret, spillingTo: place),
            dumps: node.makeDumpReader(),
            address: node.info.address,
            options: .init(),
            scope: scope
        )
        var run = try await node.openRun(entries)
        for database in node.info.keyspace.keys.sorted() { try await run.read(database: database) }
        guard let side = run.receiver.takeSide() else {
            Issue.record("a walk has a side")
            return []
        }
        var merged = try ComparisonRun(left: side, right: commands)
        var pairs: [ComparisonPair] = []
        while let pair = try merged.next() { pairs.append(pair) }
        await node.close()
        #expect(UInt64(pairs.count) == count)
        return pairs
    }

    private static func judge(_ pairs: [ComparisonPair]) -> [ComparisonJudge.Judgement] {
        var options = ComparisonOptions()
        // PTTL and TIME are whole milliseconds each.
        options.deadlineTolerance = 2
        let judge = ComparisonJudge(options: options, moment: UnixMilliseconds(0))
        return pairs.map { judge.judge($0) }
    }

    @Test func `both ways agree on every key of every type`() async throws {
        let seed = SeededGenerator.fromEnvironment("NodeValueReaderTests", fallback: 71).seed
        for binary in [try await ServerBinary.onPath()] + (try await ServerMatrix.present()) {
            let server = try await RedisServer.start(.init(binary: binary))
            try KeyspaceGenerator.fill(server, seed: seed, keyCount: 400)
            let client = try server.client()
            // Large ones, so that they are read in windows.
            for start in stride(from: 0, to: 40_000, by: 2000) {
                let names = (start..<start + 2000).map { "element number \($0)" }
                try client.command(["RPUSH", "large list"] + names.map { RedisArgument($0) })
                try client.command(["SADD", "large set"] + names.map { RedisArgument($0) })
                try client.command(
                    ["ZADD", "large zset"] + names.flatMap { [RedisArgument(String($0.count)), RedisArgument($0)] }
                )
                try client.command(["HSET", "large hash"] + names.flatMap { [RedisArgument($0), "v"] })
            }
            try client.command("SETRANGE", "large string", "1000000", "end")
            for number in 1...3000 {
                try client.command("XADD", "large stream", "\(number)-1", "a", "some words of value \(number)")
            }
            try client.command("XGROUP", "CREATE", "large stream", "g", "0")
            try client.command("XREADGROUP", "GROUP", "g", "alice", "COUNT", "700", "STREAMS", "large stream", ">")
            let pairs = try await Self.pairs(server)
            for (pair, judgement) in zip(pairs, Self.judge(pairs)) {
                let key = String(buffer: (pair.left ?? pair.right)?.key ?? ByteBuffer())
                #expect(judgement.verdict == .same, "\(binary), seed \(seed), '\(key)': \(judgement)")
                let isModule = pair.left?.typeName.hasPrefix("module") ?? false
                #expect(judgement.isUndecided == isModule, "\(binary), seed \(seed), '\(key)'")
            }
        }
    }

    /// A key, and what changes it in one place.
    private static func plants(
        _ binary: ServerBinary
    ) -> [(name: String, make: [[RedisArgument]], change: [[RedisArgument]])] {
        let stream: [[RedisArgument]] = [
            ["XADD", "k", "1-1", "a", "b"], ["XADD", "k", "2-1", "a", "b"], ["XGROUP", "CREATE", "k", "g", "0"],
            ["XREADGROUP", "GROUP", "g", "bob", "COUNT", "1", "STREAMS", "k", ">"],
            ["XREADGROUP", "GROUP", "g", "alice", "STREAMS", "k", ">"], ["XACK", "k", "g", "1-1"],
        ]
        let deadline: [[RedisArgument]] = [
            ["HSET", "k", "f", "v", "g", "v"], ["HPEXPIREAT", "k", "4000000000000", "FIELDS", "1", "f"],
        ]
        var plants: [(String, [[RedisArgument]], [[RedisArgument]])] = [
            ("string", [["SET", "k", "abc"]], [["SETRANGE", "k", "1", "x"]]),
            ("list", [["RPUSH", "k", "a", "bc"]], [["LSET", "k", "1", "bd"]]),
            ("order", [["RPUSH", "k", "a", "b"]], [["RPOPLPUSH", "k", "k"]]),
            ("set", [["SADD", "k", "a", "b"]], [["SREM", "k", "b"], ["SADD", "k", "c"]]),
            ("member", [["ZADD", "k", "1", "m"]], [["ZREM", "k", "m"], ["ZADD", "k", "1", "n"]]),
            ("score", [["ZADD", "k", "1", "m"]], [["ZADD", "k", "1.0000000000000002", "m"]]),
            ("value", [["HSET", "k", "f", "v"]], [["HSET", "k", "f", "w"]]),
            ("field", [["HSET", "k", "f", "v"]], [["HDEL", "k", "f"], ["HSET", "k", "g", "v"]]),
            ("entry", stream, [["XDEL", "k", "1-1"]]),
            ("last id of the stream", stream, [["XSETID", "k", "3-1"]]),
            ("last id of the group", stream, [["XGROUP", "SETID", "k", "g", "1-1"]]),
            ("group", stream, [["XGROUP", "DESTROY", "k", "g"]]),
            ("consumer", stream, [["XGROUP", "DELCONSUMER", "k", "g", "bob"]]),
            ("owner", stream, [["XCLAIM", "k", "g", "bob", "0", "2-1", "JUSTID"]]),
            ("count", stream, [["XCLAIM", "k", "g", "alice", "0", "2-1", "RETRYCOUNT", "7", "JUSTID"]]),
            ("pending", stream, [["XACK", "k", "g", "2-1"]]),
        ]
        if binary.knows(.fullStreamInformation) {
            plants.append(
                (
                    "time", stream,
                    [["XCLAIM", "k", "g", "alice", "0", "2-1", "TIME", "1000", "RETRYCOUNT", "1", "JUSTID"]]
                )
            )
        }
        if binary.knows(.fieldDeadlines) {
            plants.append(("field deadline", deadline, [["HPEXPIREAT", "k", "4000000000001", "FIELDS", "1", "f"]]))
            plants.append(("field deadline dropped", deadline, [["HPERSIST", "k", "FIELDS", "1", "f"]]))
        }
        return plants.map { (name: $0.0, make: $0.1, change: $0.2) }
    }

    @Test func `every planted change changes the fingerprint, and both ways see the same`() async throws {
        for binary in [try await ServerBinary.onPath()] + (try await ServerMatrix.present()) {
            let server = try await RedisServer.start(.init(binary: binary))
            let client = try server.client()
            let connection = try await NodeConnection.connect(Self.options(server))
            var reader = NodeValueReader(connection, info: try await connection.probe(), scope: .init())
            let key = ByteBuffer(string: "k")
            for plant in Self.plants(binary) {
                try client.command("DEL", "k")
                for command in plant.make { try client.command(command) }
                let before = try #require(try await reader.read([key], of: 0).first?.value)
                #expect(try await reader.read([key], of: 0).first?.value == before, "\(binary), \(plant.name)")
                for command in plant.change { try client.command(command) }
                let after = try #require(try await reader.read([key], of: 0).first?.value)
                let relation = before.relation(to: after)
                #expect(relation != .same && relation != .undecided, "\(binary), \(plant.name)")
                #expect(Self.judge(try await Self.pairs(server)).map(\.verdict) == [.same], "\(binary), \(plant.name)")
            }
            try client.command("DEL", "k")
            #expect(try await reader.read([key], of: 0).isEmpty)
            await reader.close()
        }
    }
}
