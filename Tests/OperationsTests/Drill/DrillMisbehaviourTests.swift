import Catalog
import Foundation
import Operations
import SnapshotModel
import Synchronization
import TestSupport
import Testing
import Transport

/// A node of a drill that answers what no node should: what is then known of the snapshot is nothing, and that is said.
@Suite(.serialized)
struct DrillMisbehaviourTests {
    /// When the node begins.
    enum Moment: Sendable, CaseIterable {
        case loading
        case comparing

        var words: String {
            switch self {
            case .loading: "while the snapshot was being restored"
            case .comparing: "while the node was being compared"
            }
        }
    }

    struct Misbehaviour: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let action: TamperingProxy.Action
        /// What the reason has in it.
        let words: String
    }

    private static let errors = [
        "OOM command not allowed when used memory > 'maxmemory'.",
        "READONLY You can't write against a read only replica.",
        "MISCONF Redis is configured to save RDB snapshots, but is unable to persist to disk.",
        "LOADING Redis is loading the dataset in memory", "NOREPLICAS Not enough good replicas to write.",
        "BUSY Redis is busy running a script.", "MASTERDOWN Link with MASTER is down",
        "CLUSTERDOWN Hash slot not served",
    ]
    static let refusals = errors.map { text in
        Misbehaviour(
            testDescription: String(text.prefix { $0 != " " }),
            action: .answer("-" + text + "\r\n"),
            words: String(text.prefix { $0 != " " })
        )
    }
    static let breaks = [
        Misbehaviour(testDescription: "garbage", action: .answer("\u{1}garbage\r\n"), words: "127.0.0.1"),
        Misbehaviour(testDescription: "half an answer", action: .answer("$100\r\nhalf"), words: "sent nothing for"),
        Misbehaviour(testDescription: "silence", action: .silence, words: "sent nothing for"),
        Misbehaviour(testDescription: "the end of the connection", action: .close, words: "closed"),
    ]

    private static let writes: Set<String> = ["SET", "RESTORE"]
    private static let reads: Set<String> = ["GET", "LRANGE", "SMEMBERS", "HGETALL", "ZRANGE", "XINFO"]

    /// A drill in a target behind a proxy that misbehaves from the `first`-th command of the moment on.
    private static func drill(
        _ bench: DrillBench,
        _ moment: Moment,
        from first: Int = 3,
        _ action: TamperingProxy.Action
    ) async throws -> (outcome: DrillOutcome, tamperedCount: Int) {
        let node = try await RedisServer.start(.init(binary: bench.binary))
        let isRestored = Mutex(false)
        let count = Mutex(0)
        let proxy = try TamperingProxy(to: node) { name, argument in
            guard !argument.hasPrefix("rewarm:") else { return .pass }
            let names = moment == .loading ? writes : reads
            guard names.contains(name), isRestored.withLock({ $0 }) == (moment == .comparing) else { return .pass }
            let number = count.withLock { count in
                count += 1
                return count
            }
            return number >= first ? action : .pass
        }
        var request = bench.request
        let connection = ConnectionOptions(url: try NodeURL(proxy.url), replyTimeout: .seconds(2))
        request.place = .target(connection, flush: false)
        let outcome = try await DrillOperation(request).run(bench.context) { _ in isRestored.withLock { $0 = true } }
        return (outcome, proxy.count)
    }

    /// The result, a reason that says what and where, what to do, and that all of it is on record.
    private static func checkInconclusive(_ outcome: DrillOutcome, _ bench: DrillBench, _ comment: String) async throws
    {
        let reason = outcome.record.reason ?? ""
        #expect(outcome.record.result == .inconclusive, "\(comment): \(reason)")
        #expect(outcome.failure?.kind == .inconclusive, "\(comment)")
        #expect(outcome.failure?.hint?.isEmpty == false, "\(comment)")
        #expect(try await bench.records() == [outcome.record], "\(comment)")
        #expect(try bench.leftovers() == [], "\(comment)")
    }

    @Test("a node that refuses leaves the drill undecided", arguments: refusals, Moment.allCases)
    func refuses(_ misbehaviour: Misbehaviour, _ moment: Moment) async throws {
        let bench = try await DrillBench()
        let (outcome, count) = try await Self.drill(bench, moment, misbehaviour.action)
        #expect(count > 0, "nothing was refused")
        let reason = outcome.record.reason ?? ""
        #expect(reason.contains(misbehaviour.words), "\(reason)")
        try await Self.checkInconclusive(outcome, bench, misbehaviour.testDescription)
    }

    @Test("a connection that breaks leaves the drill undecided", arguments: breaks, Moment.allCases)
    func breaksOff(_ misbehaviour: Misbehaviour, _ moment: Moment) async throws {
        let bench = try await DrillBench()
        let (outcome, count) = try await Self.drill(bench, moment, misbehaviour.action)
        #expect(count > 0, "nothing was tampered with")
        let reason = outcome.record.reason ?? ""
        #expect(reason.contains(misbehaviour.words) && reason.hasSuffix(moment.words), "\(reason)")
        try await Self.checkInconclusive(outcome, bench, misbehaviour.testDescription)
    }

    @Test("a node that is slow passes", arguments: Moment.allCases)
    func slow(_ moment: Moment) async throws {
        let bench = try await DrillBench()
        let (outcome, count) = try await Self.drill(bench, moment, from: 1, .late(milliseconds: 20))
        #expect(count > 5)
        #expect(outcome.record.result == .pass, "\(outcome.record.reason ?? "")")
    }

    /// An error that only some keys meet, and what it says of the snapshot.
    static let keyErrors: [(String, DrillRecord.Result)] = [
        ("ERR internal trouble", .inconclusive), ("ERR Bad data format", .difference),
        ("ERR DUMP payload version or checksum are wrong", .difference),
    ]

    @Test(
        "a key that the node does not store is the node's fault, one that it calls malformed the snapshot's",
        arguments: keyErrors
    )
    func someKeys(_ text: String, _ expected: DrillRecord.Result) async throws {
        let bench = try await DrillBench()
        let node = try await RedisServer.start(.init(binary: bench.binary))
        let proxy = try TamperingProxy(to: node) { name, argument in
            name == "RESTORE" && argument == "list" ? .answer("-\(text)\r\n") : .pass
        }
        var request = bench.request
        request.place = .target(ConnectionOptions(url: try NodeURL(proxy.url)), flush: false)
        let outcome = try await bench.drill(request)
        #expect(proxy.count == 1)
        #expect(outcome.record.result == expected, "\(outcome.record.reason ?? "")")
        #expect(outcome.record.differences == [.missing: 1])
        if expected == .inconclusive { #expect(outcome.record.reason?.contains("(\(text))") == true) }
    }

    // MARK: Targets that are no longer what they were

    @Test("a target that was started anew, became a replica or threw keys away leaves the drill undecided")
    func changedTarget() async throws {
        let bench = try await DrillBench()
        let (node, other) = (try await RedisServer.start(), try await RedisServer.start())
        let proxy = try CuttingProxy(to: node)
        var request = bench.request
        request.place = .target(ConnectionOptions(url: try NodeURL(proxy.url)), flush: true)
        let outcome = { (change: @escaping @Sendable () throws -> Void) in
            try await DrillOperation(request).run(bench.context) { _ in try change() }
        }
        let another = try await outcome { proxy.lead(to: other) }
        #expect(another.record.reason?.contains("was started anew during the drill") == true, "\(another.record)")
        proxy.lead(to: node)
        let replica = try await outcome { try node.client().command("REPLICAOF", "127.0.0.1", "1") }
        #expect(replica.record.reason?.contains("became a replica during the drill") == true, "\(replica.record)")
        try node.client().command("REPLICAOF", "NO", "ONE")
        let evicting = try await outcome {
            let client = try node.client()
            try client.command("CONFIG", "SET", "maxmemory-policy", "allkeys-random", "maxmemory", "1")
            // It evicts before it carries out a command that may take memory.
            while try client.info("stats", "evicted_keys") == "0" { _ = try? client.command("SET", "x", "1") }
            try client.command("CONFIG", "SET", "maxmemory", "0")
        }
        #expect(evicting.record.reason?.contains("for want of memory") == true, "\(evicting.record)")
        for outcome in [another, replica, evicting] { #expect(outcome.failure?.kind == .inconclusive) }
    }
}
