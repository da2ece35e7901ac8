import Memcached
import NIOCore
import SnapshotModel
package import Transport

/// Writes a sentinel to a Memcached server, before the capture opens its own connections.
package struct CrawlSentinelWriter: Sendable {
    private static let secondsOfLife: Int64 = 600
    private static let longestLife: Int64 = 86_400
    /// Items per second that a walk without a limit reads at the least.
    private static let slowKeysPerSecond = 10_000
    /// A server that evicts begins before it is full to the last byte.
    private static let fullPercent: UInt64 = 90

    private let connection: ConnectionOptions
    private let keysPerSecond: Int?

    package init(_ connection: ConnectionOptions, keysPerSecond: Int?) {
        self.connection = connection
        self.keysPerSecond = keysPerSecond
    }

    /// Throws where the server cannot be reached, as the capture would, and on cancellation; whatever it answers is no
    /// reason for a snapshot to fail.
    package func write() async throws(TransportError) -> SentinelWriter.Outcome {
        let server = try await MemcachedConnection.connect(connection)
        let outcome: SentinelWriter.Outcome
        do throws(TransportError) {
            outcome = try await write(to: server)
        } catch {
            await server.close()
            guard error.code != .cancelled else { throw error }
            return .leftOut("no sentinel was written: \(error.message)")
        }
        await server.close()
        return outcome
    }

    private func write(to server: MemcachedConnection) async throws(TransportError) -> SentinelWriter.Outcome {
        let stats = try await server.stats()
        guard let before = stats.time, let uptime = stats.uptime, let processID = stats.processID else {
            return .leftOut("no sentinel was written: \(server.address) did not tell its clock")
        }
        let key = SnapshotSentinel.keyPrefix + SentinelWriter.randomText(byteCount: 16)
        let value = SentinelWriter.randomText(byteCount: 16)
        let lifetime = secondsOfLife(itemCount: stats.itemCount ?? 0)
        var command = ByteBuffer()
        command.writeMetaSet(
            ByteBuffer(string: key),
            .text,
            valueByteCount: value.utf8.count,
            clientFlags: 0,
            exptime: lifetime,
            flags: "ME"
        )
        command.writeString(value)
        command.writeLineEnd()
        let answer = try await server.line(command)
        guard answer.hasPrefix("HD") else {
            return .leftOut("no sentinel was written: \(server.address) did not take it (\(answer))")
        }
        // The clock shows the second before the one in which the item was stored, at most.
        let deadline = try await server.stats().time.map { $0 + lifetime } ?? before + lifetime + 1
        let sentinel = SnapshotSentinel(
            database: 0,
            key: key,
            value: value,
            writtenAt: UnixMilliseconds(before * 1000),
            deadline: UnixMilliseconds(deadline * 1000),
            finding: .missing
        )
        let runID = CrawlSource.runID(processID: processID, startedAt: before - Int64(clamping: uptime))
        return .written(WrittenSentinel(sentinel, runID: runID, mayBeEvicted: Self.mayEvict(stats)))
    }

    /// Long enough to be read last.
    func secondsOfLife(itemCount: UInt64) -> Int64 {
        let reading = Double(itemCount) / Double(keysPerSecond ?? Self.slowKeysPerSecond)
        return min(Self.secondsOfLife + 2 * Int64(min(reading, Double(Self.longestLife))), Self.longestLife)
    }

    private static func mayEvict(_ stats: MemcachedStats) -> Bool {
        if stats.evictionCount ?? 0 > 0 { return true }
        guard let limit = stats.memoryLimitByteCount, limit > 0 else { return false }
        return stats.usedByteCount.map { $0 >= limit / 100 * fullPercent } ?? true
    }
}
