import Transport

/// Feels how a target is doing while it is written to, on a connection of its own: `--max-latency`.
struct TargetPulse: Sendable {
    private static let interval = Duration.milliseconds(50)
    /// Replicas are looked at with every so manieth reading; CLIENT LIST costs a busy server more than PING.
    private static let replicaInterval = 10
    /// How long a target that cannot be reached is left alone.
    private static let retryInterval = Duration.seconds(1)
    /// A replica's output buffer is taken for full at half of the limit at which the target would drop the replica.
    ///
    /// This where the limit is not told, by `client-output-buffer-limit replica 256mb 64mb 60` of redis.conf.
    private static let standardReplicaBufferLimit: UInt64 = 32 << 20

    private let target: ConnectionOptions
    private let throttle: SendThrottle

    init(target: ConnectionOptions, throttle: SendThrottle) {
        self.target = target
        self.throttle = throttle
    }

    /// Runs until it is cancelled; a connection that is lost is opened again.
    func run() async {
        while !Task.isCancelled {
            do {
                let store = try await TargetSession.connect(target).store
                do {
                    while true { try await read(store) }
                } catch {
                    await store.close()
                    throw error
                }
            } catch {
                try? await Task.sleep(for: Self.retryInterval)
            }
        }
    }

    /// Some readings: one look at the replicas, then as many PINGs as belong to it.
    private func read(_ store: any TargetStore) async throws {
        let replicaBufferByteCount = try await store.replicaBufferByteCount()
        for _ in 0..<Self.replicaInterval {
            let start = ContinuousClock.now
            try await store.ping()
            let latency = start.duration(to: .now)
            throttle.observe(
                LatencyControl.Reading(latency: latency, replicaBufferByteCount: replicaBufferByteCount)
            )
            try await Task.sleep(for: Self.interval)
        }
    }

    /// The largest `omem` of CLIENT LIST, in bytes; nil without a client in it.
    static func largestOutputBuffer(_ list: String) -> UInt64? {
        list.split(whereSeparator: \.isNewline)
            .flatMap { $0.split(separator: " ") }
            .compactMap { $0.hasPrefix("omem=") ? UInt64($0.dropFirst("omem=".count)) : nil }
            .max()
    }

    /// Half of the soft limit in `client-output-buffer-limit`: "normal 0 0 0 slave 268435456 67108864 60 pubsub …".
    static func replicaBufferLimit(_ setting: String?) -> UInt64 {
        let words = (setting ?? "").split(separator: " ")
        guard let place = words.firstIndex(where: { $0 == "slave" || $0 == "replica" }), place + 2 < words.count,
            let hard = UInt64(words[place + 1]), let soft = UInt64(words[place + 2])
        else { return standardReplicaBufferLimit }
        // 0 is no limit.
        let limits = [hard, soft].filter { $0 > 0 }
        return limits.min().map { $0 / 2 } ?? standardReplicaBufferLimit
    }
}

extension TargetPulse {
    /// The throttle that the options ask for, nil if they ask for none; reads the target's limits over `control`.
    static func throttle(
        _ options: RestoreOptions,
        _ control: any TargetStore
    ) async throws(TransportError) -> SendThrottle? {
        var pacer: RatePacer?
        if options.keysPerSecond != nil || options.bytesPerSecond != nil {
            pacer = RatePacer(
                keysPerSecond: options.keysPerSecond,
                bytesPerSecond: options.bytesPerSecond,
                start: .now
            )
        }
        var latency: LatencyControl?
        if let limit = options.latencyLimit {
            let bufferLimit = try await control.replicaBufferLimit() ?? standardReplicaBufferLimit
            latency = LatencyControl(limit: limit, replicaBufferLimit: bufferLimit)
        }
        return pacer == nil && latency == nil ? nil : SendThrottle(pacer: pacer, control: latency)
    }
}
