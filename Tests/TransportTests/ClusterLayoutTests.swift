import TestSupport
import Testing
import Transport

struct ClusterLayoutTests {
    private static let nodes = """
        07c3 127.0.0.1:30004@31004,hostname4 slave e7d1 0 1426238317239 4 connected
        67ed 127.0.0.1:30002@31002,hostname2 master - 0 1426238316232 2 connected 5461-10922
        292f 127.0.0.1:30003@31003,hostname3 master - 0 1426238318243 3 connected 10923-16383
        6ec2 127.0.0.1:30005@31005,hostname5 myself,slave 67ed 0 1426238316232 5 connected
        824f 127.0.0.1:30006@31006,hostname6 slave 292f 0 1426238317741 6 connected
        e7d1 127.0.0.1:30001@31001,hostname1 master - 0 0 1 connected 0-5460
        9aa0 127.0.0.1:30007@31007 master - 0 0 7 connected
        """

    @Test func `a replica answers for its primary's slots, and primaries without slots are no shards`() throws {
        let layout = try #require(ClusterLayout(nodes: Self.nodes))
        #expect(layout == ClusterLayout(ownSlotRanges: [[5461, 10_922]], shardCount: 3))
        #expect(!layout.isWhole)
    }

    @Test func `slots under way are no own slots, and are told`() throws {
        let line = "e7d1 :30001@31001 myself,master - 0 0 1 connected 0-92 95 [93->-67ed] [94-<-67ed]\n"
        let layout = try #require(ClusterLayout(nodes: line))
        #expect(layout == ClusterLayout(ownSlotRanges: [[0, 92], [95, 95]], shardCount: 1, isMigrating: true))
    }

    @Test func `a node with every slot is the whole cluster, one slot less is not`() {
        let line = "e7d1 :30001@31001 myself,master - 0 0 1 connected "
        #expect(ClusterLayout(nodes: line + "0-16383")?.isWhole == true)
        #expect(ClusterLayout(nodes: line + "0-16382")?.isWhole == false)
    }

    @Test(arguments: ["", "ERR", "e7d1 :1@2 master - 0 0 1 connected 0-16383"])
    func `what does not name the node itself tells nothing`(text: String) {
        #expect(ClusterLayout(nodes: text) == nil)
    }

    @Test func `slots of keys are those that the server computes`() async throws {
        // CRC-16/XMODEM of "123456789" is 0x31C3, as the cluster specification says.
        #expect(HashSlot.of(Array("123456789".utf8)) == 0x31C3 % 16_384)
        let server = try await RedisServer.start(.init(lines: ["cluster-enabled yes", try Self.busPort()]))
        let client = try server.client()
        var random = SeededGenerator.fromEnvironment("hash slots", fallback: 16_384)
        var keys: [[UInt8]] = [
            "", "{}", "{a}", "x{a}y", "{}{a}", "{a", "a}", "}{a}", "{{a}}", "x{a}{b}", "foo{}{bar}",
        ].map { Array($0.utf8) }
        for _ in 0..<200 { keys.append(random.bytes(Int(random.next() % 20))) }
        for key in keys {
            let slot = try client.command("CLUSTER", "KEYSLOT", RedisArgument(key)).integer
            #expect(Int64(HashSlot.of(key)) == slot, "\(key)")
        }
    }

    private static func busPort() throws -> String { "cluster-port \(try SocketCalls.freeLoopbackPort())" }
}
