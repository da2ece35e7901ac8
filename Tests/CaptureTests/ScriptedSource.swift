import ByteCoding
import Foundation
import NIOCore
import RDB
import TestSupport

/// A server for scans that answers as a test says: what a real one does rarely, on demand.
struct ScriptedSource: Sendable {
    /// What the reads of one key give in turn; the last one is repeated.
    struct Reading: Sendable {
        /// nil: the key is gone.
        var value: String?
        /// As PEXPIRETIME tells it.
        var expiry: Int64 = -1
        var rdbVersion = 10
        var hasDamage = false
    }

    /// The keys of each SCAN reply.
    var scans: [[String]]
    var readings: [String: [Reading]]
    /// Before 7.0 there is no PEXPIRETIME.
    var knowsPEXPIRETIME = true
    /// TIME's answer, in microseconds.
    var time: Int64 = 1_700_000_000_123_456
    /// The connection ends after this many bytes were sent.
    var cutAfter = Int.max

    func start() throws -> ScriptedServer {
        try ScriptedServer { connection in
            var session = Session(source: self)
            try connection.answer { command in
                let reply = session.reply(to: command)
                let rest = cutAfter - session.sentByteCount
                session.sentByteCount += reply.count
                try connection.send(Array(reply.prefix(max(0, rest))))
                if reply.count > rest { throw CancellationError() }
                return nil
            }
        }
    }

    /// The state of one connection.
    private struct Session {
        let source: ScriptedSource
        var sentByteCount = 0
        private var queue: [[String]]?
        private var readCounts: [String: Int] = [:]

        init(source: ScriptedSource) {
            self.source = source
        }

        mutating func reply(to command: [String]) -> [UInt8] {
            switch command[0] {
            case "MULTI":
                queue = []
                return Array("+OK\r\n".utf8)
            case "EXEC":
                let commands = queue ?? []
                queue = nil
                return Array("*\(commands.count)\r\n".utf8) + commands.flatMap { run($0) }
            default:
                guard queue != nil else { return run(command) }
                queue?.append(command)
                return Array("+QUEUED\r\n".utf8)
            }
        }

        private mutating func run(_ command: [String]) -> [UInt8] {
            switch command[0] {
            case "PING": return Array("+PONG\r\n".utf8)
            case "SELECT": return Array("+OK\r\n".utf8)
            case "INFO":
                return bulk(
                    "redis_version:7.0.15\r\nrole:master\r\nloading:0\r\nmaxmemory_policy:noeviction\r\n"
                        + "db0:keys=3,expires=0,avg_ttl=0\r\n"
                )
            case "TIME":
                return Array("*2\r\n".utf8) + bulk("\(source.time / 1_000_000)") + bulk("\(source.time % 1_000_000)")
            case "SCAN":
                let index = Int(command[1]) ?? 0
                let next = index + 1 < source.scans.count ? index + 1 : 0
                let keys = source.scans[index]
                return Array("*2\r\n".utf8) + bulk("\(next)") + Array("*\(keys.count)\r\n".utf8)
                    + keys.flatMap { bulk($0) }
            case "PEXPIRETIME" where source.knowsPEXPIRETIME:
                return Array(":\(reading(command[1])?.expiry ?? -2)\r\n".utf8)
            case "PTTL":
                let expiry = reading(command[1])?.expiry ?? -2
                return Array(":\(expiry < 0 ? expiry : expiry - source.time / 1000)\r\n".utf8)
            case "DUMP": return dump(command[1])
            default: return Array("-ERR unknown command '\(command[0])'\r\n".utf8)
            }
        }

        private func reading(_ key: String) -> Reading? {
            guard let readings = source.readings[key] else { return nil }
            return readings[min(readCounts[key] ?? 0, readings.count - 1)]
        }

        private mutating func dump(_ key: String) -> [UInt8] {
            let reading = reading(key)
            readCounts[key, default: 0] += 1
            guard let reading, let value = reading.value else { return Array("$-1\r\n".utf8) }
            // A string's body: its length in the six-bit form, then its bytes.
            var payload = ByteBuffer()
            DumpPayload.write(
                type: 0,
                body: ByteBuffer(bytes: [UInt8(value.utf8.count)] + Array(value.utf8)),
                rdbVersion: reading.rdbVersion,
                into: &payload
            )
            var bytes = Array(payload.readableBytesView)
            if reading.hasDamage { bytes[2] ^= 1 }
            return Array("$\(bytes.count)\r\n".utf8) + bytes + [13, 10]
        }

        private func bulk(_ text: String) -> [UInt8] {
            Array("$\(text.utf8.count)\r\n\(text)\r\n".utf8)
        }
    }
}
