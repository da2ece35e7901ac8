import SnapshotModel
import Synchronization
import Transport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A server of a drill: started empty in a directory of its own, reachable by its socket alone, keeping nothing.
final class ScratchNode: Sendable {
    /// What the server is to be able to hold.
    struct Needs: Hashable, Sendable {
        /// Numbers of databases start at 0.
        var databaseCount: UInt32
        var evictionPolicy: String
        /// Of Memcached: what all items may take in their slabs, and the largest one with its key and header.
        var slabByteCount: UInt64 = 0
        var largestItemByteCount: UInt64 = 0
        /// A limit that is never reached: without one a server shares the objects of small integers, with their last
        /// use, among all keys (redis:src/object.c, createStringObjectFromLongLongForValue).
        var memoryLimit: UInt64 { evictionPolicy == "noeviction" ? 0 : 1 << 62 }

        init(_ manifest: Manifest) {
            let highest = manifest.statistics.databases.keys.max() ?? 0
            databaseCount = max(16, UInt32(clamping: highest) + 1)
            // The policy decides which access data a server keeps; nothing is evicted.
            evictionPolicy =
                if manifest.statistics.frequencyKeyCount > 0 {
                    "allkeys-lfu"
                } else if manifest.statistics.idleKeyCount > 0 { "allkeys-lru" } else { "noeviction" }
            if manifest.format.engine == .memcached {
                let room = ItemRoom(manifest)
                (slabByteCount, largestItemByteCount) = (room.byteCount, room.largestItemByteCount)
            }
        }
    }

    private static let startPatience = Duration.seconds(30)
    private static let stopPatience = Duration.seconds(5)
    private static let lifeLimit = Duration.seconds(31 * 86_400)

    let program: ServerProgram
    private let directory: ScratchDirectory
    private let process: Task<ChildProcess.End, Never>
    private let end: Mutex<ChildProcess.End?>
    private let replyTimeout: Duration

    private init(
        _ program: ServerProgram,
        _ directory: ScratchDirectory,
        _ needs: Needs,
        _ replyTimeout: Duration
    ) {
        self.program = program
        self.directory = directory
        self.replyTimeout = replyTimeout
        let child = ChildProcess(
            arguments: Self.arguments(program, directory, needs),
            environment: .current,
            input: [],
            keptOutputByteCount: 16 << 10,
            timeLimit: Self.lifeLimit,
            grace: .seconds(3),
            workingDirectory: directory.path
        )
        // A task of its own: that of the drill may be cancelled, and the server is still to be stopped in order.
        process = Task { await child.run(endsWhenCancelled: true) }
        end = Mutex(nil)
    }

    private static func arguments(
        _ program: ServerProgram,
        _ directory: ScratchDirectory,
        _ needs: Needs
    ) -> [String] {
        guard program.engine != .memcached else { return memcachedArguments(program, directory, needs) }
        let settings: [(String, String)] = [
            ("port", "0"), ("unixsocket", directory.socketPath), ("unixsocketperm", "700"), ("dir", directory.path),
            ("save", ""), ("appendonly", "no"), ("daemonize", "no"), ("logfile", ""),
            ("maxmemory", String(needs.memoryLimit)),
            ("databases", String(needs.databaseCount)), ("maxmemory-policy", needs.evictionPolicy),
            // So that the counters are compared as they were restored.
            ("lfu-decay-time", "0"),
        ]
        return [program.path] + settings.flatMap { ["--" + $0.0, $0.1] }
    }

    /// With no port, no UDP, and a refusal (`-M`) rather than an eviction where memory is short after all.
    private static func memcachedArguments(
        _ program: ServerProgram,
        _ directory: ScratchDirectory,
        _ needs: Needs
    ) -> [String] {
        // As root it would not start without a user; as another one it could not use the directory.
        let user = geteuid() == 0 ? ["-u", "root"] : []
        return [
            program.path, "-s", directory.socketPath, "-a", "0700", "-M",
            "-m", String(needs.slabByteCount >> 20), "-I", String(needs.largestItemByteCount),
        ] + user
    }

    /// Starts a server and waits until it answers; `replyTimeout` is for the connections to it.
    static func start(
        _ program: ServerProgram,
        _ needs: Needs,
        in directory: ScratchDirectory,
        replyTimeout: Duration
    ) async throws -> ScratchNode {
        let node = ScratchNode(program, directory, needs, replyTimeout)
        let watch = node.process
        Task { [weak node] in
            let end = await watch.value
            node?.end.withLock { $0 = end }
        }
        do {
            try await node.waitUntilItAnswers()
            return node
        } catch {
            await node.stop()
            throw error
        }
    }

    /// For every connection to it.
    var connection: ConnectionOptions { connection(replyTimeout: replyTimeout) }

    private func connection(replyTimeout: Duration) -> ConnectionOptions {
        ConnectionOptions(
            url: NodeURL(
                family: program.engine == .memcached ? .memcached : .redis,
                endpoint: .unixSocket(path: directory.socketPath)
            ),
            connectTimeout: .seconds(5),
            replyTimeout: replyTimeout
        )
    }

    /// How the server ended by itself, in words, with the last line that it printed; nil as long as it runs.
    var death: String? {
        end.withLock { end in
            guard let end else { return nil }
            let last = String(decoding: end.output, as: UTF8.self).split(separator: "\n").last ?? ""
            let how =
                switch end.ending {
                case .exited(let code): "exited with \(code)"
                case .signalled(let number): "was ended by signal \(number)"
                case .timedOut: "ran too long"
                case .cancelled: "was stopped"
                case .notStarted(let reason): "did not start: \(reason)"
                }
            return how + (last.isEmpty ? "" : " (\(last.prefix(300)))")
        }
    }

    /// The same after an error: a connection breaks before the end of the process is known.
    func deathAfterError() async -> String? {
        for _ in 0..<100 where death == nil && !Task.isCancelled { try? await Task.sleep(for: .milliseconds(10)) }
        return death
    }

    private func waitUntilItAnswers() async throws {
        let start = ContinuousClock.now
        while true {
            if let death { throw obstacle(death) }
            do throws(TransportError) {
                let patience = min(replyTimeout, Self.startPatience)
                try await Self.greet(connection(replyTimeout: patience))
                return
            } catch  where error.code == .cancelled {
                throw error
            } catch {
                guard start.duration(to: .now) < Self.startPatience else { throw obstacle(error.message) }
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private static func greet(_ connection: ConnectionOptions) async throws(TransportError) {
        switch connection.url.family {
        case .redis: await (try NodeConnection.connect(connection)).close()
        case .memcached: await (try MemcachedConnection.connect(connection)).close()
        }
    }

    private func obstacle(_ text: String) -> DrillObstacle {
        DrillObstacle(
            "the scratch server \(program.path) \(text)",
            "start it by hand to see what it lacks, or name another one with --server"
        )
    }

    /// Ends the server and removes its directory, whatever state either is in.
    func stop() async {
        // The task that calls may be cancelled, and would not wait for anything.
        await Task { [connection = connection(replyTimeout: Self.stopPatience), process, directory] in
            // One that hangs answers nothing, and is killed.
            let killer = Task {
                try await Task.sleep(for: Self.stopPatience)
                process.cancel()
            }
            // Memcached has no command for that, and nothing to save.
            if connection.url.family == .memcached {
                process.cancel()
            } else if let connection = try? await NodeConnection.connect(connection) {
                await connection.shutDownWithoutSaving()
                await connection.close()
            }
            _ = await process.value
            killer.cancel()
            directory.remove()
        }.value
    }
}
