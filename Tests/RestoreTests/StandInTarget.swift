import Foundation
import Synchronization
import TestSupport

/// A target that keeps only the names of its keys, and refuses writes as a test says.
final class StandInTarget: Sendable {
    /// What it refuses writes with, from when on, and how often; nil is for good.
    struct Refusal: Sendable {
        var text: String
        var after: Int
        var times: Int?
    }

    private struct State {
        var keys: Set<String> = []
        var writeCount = 0
        var refusal: Refusal?
        var refusedCount = 0
        var isReplica = false
        var runID = String(repeating: "a", count: 40)
    }

    private let state = Mutex(State())
    private let listener = Mutex<ScriptedServer?>(nil)

    init(_ refusal: Refusal? = nil) throws {
        state.withLock { $0.refusal = refusal }
        let server = try ScriptedServer { [weak self] connection in
            try connection.answer { self?.answer($0) ?? "-ERR gone\r\n" }
        }
        listener.withLock { $0 = server }
    }

    var url: String { listener.withLock { $0?.url ?? "" } }
    var keys: Set<String> { state.withLock { $0.keys } }
    var refusedCount: Int { state.withLock { $0.refusedCount } }

    private func answer(_ command: [String]) -> String {
        switch command[0].uppercased() {
        case "PING": "+PONG\r\n"
        case "INFO": info
        case "TIME": time
        case "COMMAND", "CONFIG", "FUNCTION": "*0\r\n"
        case "SCAN": "*2\r\n$1\r\n0\r\n*0\r\n"
        case "SET" where command.last == "REWARM-TRIAL": "-ERR syntax error\r\n"
        case "RESTORE" where command[1].hasPrefix("rewarm:trial"): "+OK\r\n"
        case "SET", "RESTORE": write(command)
        case "PEXPIRETIME": keys.contains(command[1]) ? ":-1\r\n" : ":-2\r\n"
        case "DUMP": "$-1\r\n"
        case "TYPE": keys.contains(command[1]) ? "+string\r\n" : "+none\r\n"
        default: "+OK\r\n"
        }
    }

    private func write(_ command: [String]) -> String {
        state.withLock { state in
            state.writeCount += 1
            if let refusal = state.refusal, state.writeCount > refusal.after,
                refusal.times.map({ state.refusedCount < $0 }) ?? true
            {
                state.refusedCount += 1
                return "-" + refusal.text + "\r\n"
            }
            guard state.keys.insert(command[1]).inserted else {
                return command[0].uppercased() == "SET" ? "$-1\r\n" : "-BUSYKEY Target key name already exists.\r\n"
            }
            return "+OK\r\n"
        }
    }

    private var info: String {
        let text = state.withLock { state in
            "redis_version:7.0.15\r\nrun_id:\(state.runID)\r\nrole:master\r\nloading:0\r\nmaxmemory:0\r\n"
                + "maxmemory_policy:noeviction\r\nused_memory:1000000\r\nevicted_keys:0\r\nconnected_slaves:0\r\n"
                + (state.keys.isEmpty ? "" : "db0:keys=\(state.keys.count),expires=0,avg_ttl=0\r\n")
        }
        return "$\(text.utf8.count)\r\n\(text)\r\n"
    }

    private var time: String {
        let microseconds = Int64(Date.now.timeIntervalSince1970 * 1_000_000)
        let seconds = String(microseconds / 1_000_000)
        let fraction = String(microseconds % 1_000_000)
        return "*2\r\n$\(seconds.utf8.count)\r\n\(seconds)\r\n$\(fraction.utf8.count)\r\n\(fraction)\r\n"
    }
}
