import Foundation
import Restore
import SnapshotModel
import Synchronization
import TestSupport

/// Values of every type that are larger than the smallest limits that servers can be given.
enum LargeValues {
    /// The lowest that a server takes; a RESTORE of what stands here does not go through.
    static let limits = ["proto-max-bulk-len 1mb", "client-query-buffer-limit 1mb"]

    /// Some 1.5 MB each, those whose names begin with `mortal` with a deadline.
    static func fill(_ server: RedisServer) throws {
        let client = try server.client()
        try client.command("CONFIG", "SET", "rdbcompression", "no")
        let pad = String(repeating: "x", count: 60)
        var commands: [[RedisArgument]] = []
        let longPad = String(repeating: pad, count: 10)
        for index in 0..<2500 { commands.append(["RPUSH", "list", "element \(index) \(longPad)"]) }
        for index in 0..<16_000 {
            commands.append(["HSET", "mortal hash", "field \(index)", "value \(index) \(pad)"])
            commands.append(["SADD", "mortal set", "member \(index) \(pad)"])
            commands.append(["ZADD", "zset", RedisArgument(String(Double(index) / 3)), "member \(index) \(pad)"])
            commands.append(["XADD", "stream", "\(index + 1)-1", "field", "value \(pad)"])
        }
        commands += [
            ["XDEL", "stream", "7-1"], ["XGROUP", "CREATE", "stream", "group", "0"],
            ["XREADGROUP", "GROUP", "group", "consumer", "COUNT", "20", "STREAMS", "stream", ">"],
            ["XACK", "stream", "group", "3-1"],
            ["PEXPIREAT", "mortal hash", "4000000000000"], ["PEXPIREAT", "mortal set", "4000000000001"],
            ["SET", "small", "value"],
        ]
        for reply in try client.pipeline(commands) {
            if case .error(let text) = reply { throw TestEnvironmentError.failed("filling", text) }
        }
    }

    static func now(_ server: RedisServer) throws -> UnixMilliseconds {
        UnixMilliseconds(try KeyspaceContents.serverTime(try server.client()))
    }

    /// The temporary keys of a server, in database 0.
    static func temporaryKeys(_ server: RedisServer) throws -> [String] {
        (try server.client().command("KEYS", "rewarm:*").array ?? []).compactMap(\.text)
    }

    /// Does something when a value stands whole under its temporary key, before it is looked at and given its name.
    ///
    /// `operation` is given the URL by which it is to restore.
    ///
    /// - Returns: what `operation` gave, and whether there was such a key
    static func atFirstTemporaryKey<Value: Sendable>(
        _ server: RedisServer,
        _ body: @escaping @Sendable (RedisClient, String) throws -> Void,
        during operation: (String) async throws -> Value
    ) async throws -> (Value, hasSeen: Bool) {
        let proxy = try CuttingProxy(to: server)
        let seen = Mutex(Result<Bool, any Error>.success(false))
        proxy.whenServerIsSent("\r\nWATCH\r\n") {
            let outcome = Result {
                guard let name = try temporaryKeys(server).first else { return false }
                try body(try server.client(), name)
                return true
            }
            seen.withLock { $0 = outcome }
        }
        let value = try await operation(proxy.url)
        return (value, try seen.withLock { try $0.get() })
    }
}
