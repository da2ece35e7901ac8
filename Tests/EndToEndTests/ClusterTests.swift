import TestSupport
import Testing

/// Nodes of a cluster: one with every slot is a whole source and target, one of several is not passed off as one.
@Suite(.serialized) struct ClusterTests {
    private static let slotCount = 16_384

    /// Nodes that know each other and share the slots evenly, in order.
    private static func cluster(of count: Int) async throws -> [RedisServer] {
        var nodes: [RedisServer] = []
        for _ in 0..<count { nodes.append(try await node()) }
        for (index, node) in nodes.enumerated() {
            let (first, last) = (slotCount * index / count, slotCount * (index + 1) / count - 1)
            try node.client().command(
                "CLUSTER",
                "ADDSLOTSRANGE",
                RedisArgument(Int64(first)),
                RedisArgument(Int64(last))
            )
        }
        for node in nodes.dropFirst() { try meet(node, nodes[0]) }
        for node in nodes { try await awaitState(of: node) { $0.contains("cluster_state:ok") } }
        return nodes
    }

    private static func node() async throws -> RedisServer {
        let busPort = try SocketCalls.freeLoopbackPort()
        return try await RedisServer.start(
            .init(lines: ["cluster-enabled yes", "cluster-port \(busPort)", "cluster-announce-bus-port \(busPort)"])
        )
    }

    private static func meet(_ node: RedisServer, _ other: RedisServer) throws {
        let busPort = try other.client().command("CONFIG", "GET", "cluster-port").array?.last?.text ?? ""
        try node.client().command(
            "CLUSTER",
            "MEET",
            "127.0.0.1",
            RedisArgument(Int64(other.port)),
            RedisArgument(busPort)
        )
    }

    private static func awaitState(of node: RedisServer, _ isReached: (String) -> Bool) async throws {
        let client = try node.client()
        let deadline = ContinuousClock.now + .seconds(60)
        while !isReached(try client.command("CLUSTER", "INFO").text ?? "") {
            guard ContinuousClock.now < deadline else {
                throw TestEnvironmentError.failed("cluster", try client.command("CLUSTER", "INFO").description)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Every node takes the keys of its slots and refuses the others.
    private static func fill(_ nodes: [RedisServer], keyCount: Int) throws {
        let commands: [[RedisArgument]] = (0..<keyCount).map { index in
            ["SET", "key:\(index)", "value \(index)", "PX", RedisArgument(Int64(3_600_000 + index))]
        }
        for node in nodes { _ = try node.client().pipeline(commands) }
    }

    @Test(arguments: ["replication", "scan"])
    func `a cluster of one node comes back in a cluster of one node`(method: String) async throws {
        let source = try await Self.cluster(of: 1)[0]
        let target = try await Self.cluster(of: 1)[0]
        try KeyspaceGenerator.fill(source, seed: 15, keyCount: 400, databases: [0])
        let scenario = try Scenario()
        try await scenario.snapshot(source, ["--method", method])
        let details = try await scenario.run("show", ["latest", "--json"])
        #expect(details.output.contains("\"slotRanges\":[[0,16383]],\"clusterShardCount\":1"), "\(details)")
        #expect(details.output.contains("\"coversWholeSource\":true"), "\(details)")
        #expect(details.output.contains("\"warnings\":[]"), "\(details)")
        try await scenario.restore(to: target)
        try Scenario.expectEqual(source, target, method)
        // And in a node that is in no cluster.
        let plain = try await RedisServer.start()
        try await scenario.restore(to: plain)
        try Scenario.expectEqual(source, plain, method)
    }

    @Test(arguments: ["replication", "scan"])
    func `one of three shards is labelled as no snapshot of the cluster, and ends as partial`(
        method: String
    ) async throws {
        let nodes = try await Self.cluster(of: 3)
        try Self.fill(nodes, keyCount: 300)
        let scenario = try Scenario()
        let outcome = try await scenario.run(
            "snapshot",
            Scenario.node("source", nodes[1]) + ["--create", "--json", "--method", method]
        )
        #expect(outcome.exitCode == 3, "\(outcome)")
        #expect(outcome.output.contains("this is no snapshot of the cluster"), "\(outcome)")
        #expect(outcome.summary["coversWholeSource"].boolean == false, "\(outcome)")
        let details = try await scenario.run("show", ["latest"])
        #expect(details.output.contains("slots 5461-10921 alone, of a cluster of 3 shards"), "\(details)")
        // It is a whole snapshot of its own slots: a node without a cluster takes it.
        let plain = try await RedisServer.start()
        try await scenario.restore(to: plain)
        try Scenario.expectEqual(nodes[1], plain, method)
        // So does the shard with these slots, and no other.
        try await scenario.restore(to: nodes[1], ["--flush-target"])
        try Scenario.expectEqual(plain, nodes[1], method)
        let refused = try await scenario.run(
            "restore",
            ["latest", "--flush-target"] + Scenario.node("target", nodes[0])
        )
        #expect(refused.exitCode == 14, "\(refused)")
        #expect(refused.errors.contains("one of 3 shards") && refused.errors.contains("MOVED"), "\(refused)")
    }

    @Test func `a snapshot of a node in no cluster does not go into one of three shards`() async throws {
        let source = try await RedisServer.start()
        try Self.fill([source], keyCount: 100)
        let nodes = try await Self.cluster(of: 3)
        let scenario = try Scenario()
        try await scenario.snapshot(source)
        let outcome = try await scenario.run("restore", ["latest"] + Scenario.node("target", nodes[2]))
        #expect(outcome.exitCode == 14, "\(outcome)")
        #expect(outcome.errors.contains("one of 3 shards"), "\(outcome)")
        #expect(try nodes[2].client().command("DBSIZE") == .integer(0))
    }

    @Test func `databases beyond the first are refused by a cluster before the first write`() async throws {
        let source = try await RedisServer.start()
        try source.client(database: 3).command("SET", "key", "value")
        let target = try await Self.cluster(of: 1)[0]
        let scenario = try Scenario()
        try await scenario.snapshot(source)
        let refused = try await scenario.run("restore", ["latest"] + Scenario.node("target", target))
        #expect(refused.exitCode == 14, "\(refused)")
        #expect(refused.errors.contains("--database SRC:0"), "\(refused)")
        try await scenario.restore(to: target, ["--database", "3:0"])
        #expect(try target.client().command("GET", "key").text == "value")
    }

    @Test func `a replica in a cluster is scanned itself, and is labelled with its primary's slots`() async throws {
        let primary = try await Self.cluster(of: 1)[0]
        try Self.fill([primary], keyCount: 100)
        let replica = try await Self.node()
        try Self.meet(replica, primary)
        let id = try primary.client().command("CLUSTER", "MYID").text ?? ""
        let client = try replica.client()
        // Until the handshake is over the primary has another name there.
        while case .error = try client.reply(to: ["CLUSTER", "REPLICATE", RedisArgument(id)]) {
            try await Task.sleep(for: .milliseconds(20))
        }
        while try client.info("replication", "master_link_status") != "up" {
            try await Task.sleep(for: .milliseconds(20))
        }
        try await Self.awaitState(of: replica) { $0.contains("cluster_state:ok") }
        let scenario = try Scenario()
        try await scenario.snapshot(replica, ["--method", "scan"])
        let details = try await scenario.run("show", ["latest", "--json"])
        #expect(details.output.contains("\"slotRanges\":[[0,16383]]"), "\(details)")
        let plain = try await RedisServer.start()
        try await scenario.restore(to: plain)
        try Scenario.expectEqual(primary, plain, "replica")
    }
}
