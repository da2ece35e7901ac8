import Foundation
import TestSupport

/// A Memcached server that answers as a test says: what a real one does rarely, on demand.
struct ScriptedCrawl: Sendable {
    /// The answers to `lru_crawler metadump` in turn, whole; the last one is repeated.
    var dumps: [String]
    /// The answers to `mg` of each key in turn, whole with their values; the last one is repeated, `EN` without any.
    var readings: [String: [String]] = [:]
    var version = "1.6.18"
    /// What `mn` answers: "ERROR" of a server from before the meta commands.
    var noop = "MN"
    var stats = ["pid 1", "time 1700000100", "uptime 10", "curr_items 2"]
    /// Answers to `stats` while which the hash table grows.
    var expandingAnswers = 0

    func start() throws -> ScriptedServer {
        let shared = Shared()
        return try ScriptedServer { connection in
            while true {
                let line = try connection.readLine()
                let words = line.split(separator: " ").map(String.init)
                switch words.first {
                case "version": try connection.send("VERSION \(version)\r\n")
                case "mn": try connection.send(noop + "\r\n")
                case "stats" where words.count > 1: try connection.send("END\r\n")
                case "stats":
                    let isExpanding = shared.next("stats") < expandingAnswers
                    let lines = stats + ["hash_is_expanding \(isExpanding ? 1 : 0)"]
                    try connection.send(lines.map { "STAT \($0)\r\n" }.joined() + "END\r\n")
                case "lru_crawler":
                    try connection.send(dumps[min(shared.next("dump"), dumps.count - 1)])
                case "mg":
                    let answers = readings[words[1]] ?? ["EN\r\n"]
                    try connection.send(answers[min(shared.next(words[1]), answers.count - 1)])
                default: try connection.send("ERROR\r\n")
                }
            }
        }
    }

    /// How often each thing was asked for, over all connections.
    private final class Shared: @unchecked Sendable {
        private let lock = NSLock()
        private var counts: [String: Int] = [:]

        func next(_ what: String) -> Int {
            lock.lock()
            defer { lock.unlock() }
            counts[what, default: 0] += 1
            return counts[what, default: 1] - 1
        }
    }

    /// A line of a dump.
    static func line(_ key: String, exp: Int64 = -1, la: Int64 = 1_700_000_000) -> String {
        "key=\(key) exp=\(exp) la=\(la) cas=1 fetch=no cls=1 size=70\n"
    }

    /// The answer to `mg` with a value.
    static func value(_ key: String, _ value: String, remaining: Int64 = -1, idle: Int64 = 100) -> String {
        "VA \(value.utf8.count) k\(key) f0 t\(remaining) c1 l\(idle) h0\r\n\(value)\r\n"
    }
}
