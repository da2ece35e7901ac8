import Memcached
import SnapshotModel
import Transport

/// A Memcached server that is about to be read: its connections, and what it tells of itself.
struct CrawlSource: Sendable {
    /// How often to ask whether the hash table still grows.
    private static let pollInterval = Duration.milliseconds(250)
    /// A clock that is further off than this is told.
    private static let clockToleranceMilliseconds: Int64 = 5000

    /// For questions in between.
    let control: MemcachedConnection
    /// For values.
    let links: [MemcachedConnection]
    let stats: MemcachedStats
    let clocks: ClockComparison?
    /// Whether items have CAS values.
    let knowsCAS: Bool
    /// The server's clock, in Unix seconds, and when that was.
    let time: Int64
    let toldAt: ContinuousClock.Instant
    let warnings: [String]

    /// Connects; `linkCount` connections read values.
    static func open(_ options: ConnectionOptions, linkCount: Int) async throws -> Self {
        var connections: [MemcachedConnection] = []
        do {
            for _ in 0...linkCount { connections.append(try await MemcachedConnection.connect(options)) }
            return try await Self(connections, options)
        } catch {
            for connection in connections { await connection.close() }
            throw error
        }
    }

    private init(_ connections: [MemcachedConnection], _ options: ConnectionOptions) async throws {
        let control = connections[0]
        let address = control.address
        guard try await control.line("mn") == "MN" else {
            throw CaptureError(
                .unsupported,
                "\(address) (memcached \(control.versionText)) does not know the meta commands; 1.6.10 or newer is needed"
            )
        }
        // A managed service may withhold it: then the walk itself tells what does not go.
        let settings = try? await control.stats("settings")
        guard settings?.isDumpEnabled ?? true else {
            throw CaptureError(.notAllowed, address)
        }
        let stats = try await Self.statsAtRest(control, options)
        guard let time = stats.time else {
            throw CaptureError(.protocolViolation, "\(address) did not tell its clock (stats)")
        }
        toldAt = .now
        for link in connections.dropFirst() { try await SameServer.check(link, is: stats.runID) }
        self.control = control
        links = Array(connections.dropFirst())
        self.stats = stats
        self.time = time
        knowsCAS = settings?.isCASEnabled ?? true
        let clocks = try await control.compareClocks()
        self.clocks = clocks
        warnings = Self.warnings(address, clocks)
    }

    /// The server's statistics once its hash table does not grow: a walk would wait for that without a word.
    private static func statsAtRest(
        _ control: MemcachedConnection,
        _ options: ConnectionOptions
    ) async throws -> MemcachedStats {
        let start = ContinuousClock.now
        var stats = try await control.stats()
        if stats.isHashExpanding {
            options.onWait?("\(control.address): its hash table is growing; waiting")
        }
        while stats.isHashExpanding {
            guard ContinuousClock.now - start < options.loadingPatience else {
                throw CaptureError(
                    .notReady,
                    "\(control.address) lists no items while its hash table is growing, which it still is after "
                        + "\(options.loadingPatience.components.seconds) s; try again later"
                )
            }
            try await Task.sleep(for: pollInterval)
            stats = try await control.stats()
        }
        return stats
    }

    private static func warnings(_ address: String, _ clocks: ClockComparison?) -> [String] {
        guard let clocks, abs(clocks.differenceMilliseconds) > clockToleranceMilliseconds else { return [] }
        let direction = clocks.differenceMilliseconds > 0 ? "ahead of" : "behind"
        return [
            "the clock of \(address) is \(clocks.differenceMilliseconds.magnitude / 1000) s \(direction) this host's, as "
                + "after a step of the system's clock since the server's start; deadlines are by the server's clock"
        ]
    }

    /// What tells this process from another at the same address: its number and when it started.
    var runID: String? {
        guard let processID = stats.processID, let uptime = stats.uptime.flatMap({ Int64(exactly: $0) }) else {
            return nil
        }
        return Self.runID(processID: processID, startedAt: time - uptime)
    }

    /// Both are told by the same `stats`, so that the difference of clock and uptime does not change.
    static func runID(processID: UInt64, startedAt: Int64) -> String { "\(processID)@\(startedAt)" }

    /// No more than this is what the server's clock shows, in Unix seconds: it ticks once a second.
    var latestTime: Int64 { time + toldAt.duration(to: .now).components.seconds + 2 }

    func close() async {
        for connection in links { await connection.close() }
        await control.close()
    }
}
