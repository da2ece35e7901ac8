import NIOCore
import RESP
package import SnapshotModel

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension NodeConnection {
    /// The settings that are asked for where CONFIG is allowed.
    private static let settingNames = [
        "databases", "proto-max-bulk-len", "client-query-buffer-limit", "repl-diskless-sync",
        "repl-diskless-sync-delay", "repl-diskless-load", "repl-timeout", "tls-replication", "maxmemory",
        "maxmemory-policy", "rdb-version-check", "lfu-log-factor", "import-mode",
    ]
    private static let clockSampleCount = 5

    /// Asks the node what it is and can.
    ///
    /// Only INFO is needed; what else is forbidden is left out.
    package func probe() async throws(TransportError) -> NodeInfo {
        let info = try await info()
        return NodeInfo(
            address: address,
            info: info,
            commands: try await knownCommands(),
            configuration: try await settings(),
            clock: try await compareClocks()
        )
    }

    /// The fields of INFO; with a section, of that alone.
    package func info(_ section: String? = nil) async throws(TransportError) -> InfoText {
        let arguments: [RESPArgument] = section.map { ["INFO", .text($0)] } ?? ["INFO"]
        guard let text = try await command(arguments).text else {
            throw TransportError(.protocolViolation, "\(address) answered INFO with no text")
        }
        return InfoText(text)
    }

    /// The server's clock.
    package func time() async throws(TransportError) -> UnixMilliseconds {
        let reply = try await command("TIME")
        guard let microseconds = Self.microseconds(reply) else {
            throw TransportError(.protocolViolation, "\(address) answered TIME with no time")
        }
        return UnixMilliseconds(microseconds / 1000)
    }

    /// Compares the server's clock with this host's: the median of several TIME commands; nil where TIME is forbidden.
    package func compareClocks() async throws(TransportError) -> ClockComparison? {
        var samples: [(difference: Int64, uncertainty: Int64)] = []
        for _ in 0..<Self.clockSampleCount {
            let before = Self.hostMicroseconds()
            let reply = try await reply(to: ["TIME"])
            let after = Self.hostMicroseconds()
            guard let server = Self.microseconds(reply) else { return nil }
            samples.append((server - (before + after) / 2, max(after - before, 0) / 2))
        }
        samples.sort { $0.difference < $1.difference }
        let median = samples[samples.count / 2]
        return ClockComparison(
            differenceMilliseconds: (Double(median.difference) / 1000).roundedToInt64,
            // Rounded up: the clocks differ by no more than this beyond the difference.
            uncertaintyMilliseconds: (median.uncertainty + 999) / 1000
        )
    }

    private func knownCommands() async throws(TransportError) -> Set<String>? {
        let names = Set(NodeCapability.allCases.map(\.commandName)).sorted()
        let reply = try await reply(to: ["COMMAND", "INFO"] + names.map { .text($0) })
        guard let entries = reply.elements, entries.count == names.count else { return nil }
        return Set(entries.compactMap { $0.elements?.first?.text?.lowercased() })
    }

    private func settings() async throws(TransportError) -> [String: String] {
        var encoded = ByteBuffer()
        for name in Self.settingNames { encoded.writeCommand("CONFIG", "GET", .text(name)) }
        var settings: [String: String] = [:]
        for reply in try await pipeline(encoded, replyCount: Self.settingNames.count) {
            guard let pair = reply.elements, pair.count == 2, let name = pair[0].text else { continue }
            settings[name] = pair[1].text
        }
        return settings
    }

    private static func microseconds(_ reply: RESPValue) -> Int64? {
        guard let parts = reply.elements, parts.count == 2, let seconds = parts[0].integer,
            let fraction = parts[1].integer
        else { return nil }
        return seconds * 1_000_000 + fraction
    }

    private static func hostMicroseconds() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
    }
}

extension Double {
    fileprivate var roundedToInt64: Int64 { Int64(exactly: rounded()) ?? 0 }
}
